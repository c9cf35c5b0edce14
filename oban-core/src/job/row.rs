use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{AttemptError, JobId, JobState, Position, recorded};
use crate::{Error, Result};

/// A stored job: one row of `oban_jobs`.
///
/// It stays in the table after it ran, until it is pruned or deleted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Assigned by the store.
    pub id: JobId,
    /// Where the job is in its life.
    pub state: JobState,
    /// The queue whose producers fetch it.
    pub queue: String,
    /// The stored name of the code that runs it.
    pub worker: String,
    /// What the worker is given: a JSON object, except in rows of careless foreign writers.
    pub args: Value,
    /// Free for the application; some keys are Oban's, such as `snoozed` and `recorded`.
    pub meta: Map<String, Value>,
    /// Labels, trimmed and lower-cased.
    pub tags: Vec<String>,
    /// One entry for each failed attempt, oldest first.
    pub errors: Vec<AttemptError>,
    /// How many times it was fetched. 0 before the first; the running attempt while it runs.
    pub attempt: u32,
    /// After this many attempts a failure discards the job.
    pub max_attempts: u32,
    /// 0 (first) to 9 (last). Foreign rows may hold more.
    pub priority: i32,
    /// The node and the producer that fetched it last.
    pub attempted_by: Vec<String>,
    /// When it was inserted.
    pub inserted_at: DateTime<Utc>,
    /// When it may run, or might have.
    pub scheduled_at: DateTime<Utc>,
    /// When it was fetched last.
    pub attempted_at: Option<DateTime<Utc>>,
    /// When it completed.
    pub completed_at: Option<DateTime<Utc>>,
    /// When it was cancelled.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// When it was discarded.
    pub discarded_at: Option<DateTime<Utc>>,
}

impl Job {
    /// The args as a type.
    ///
    /// # Errors
    /// `Invalid` when they do not fit it.
    pub fn args_as<T: DeserializeOwned>(&self) -> Result<T> {
        // Deserializing from a reference spares a copy of the whole tree.
        T::deserialize(&self.args).map_err(|error| {
            Error::invalid("decode_args", "the stored args do not fit the worker's struct")
                .with_context("worker", &self.worker)
                .with_context("job", self.id)
                .with_source(error)
        })
    }

    /// The value its worker recorded with [`Outcome::record`](crate::Outcome::record), if any.
    ///
    /// # Errors
    /// `Invalid` when the stored value cannot be decoded or does not fit `T`.
    pub fn recorded<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        let Some(Value::String(text)) = self.meta.get(recorded::RETURN_KEY) else { return Ok(None) };
        let value = recorded::decode(text)?;
        serde_json::from_value(value).map(Some).map_err(|error| {
            Error::invalid("decode_recorded", "the recorded value does not fit the type asked for")
                .with_context("job", self.id)
                .with_source(error)
        })
    }

    /// Where it stands among the available jobs of its queue.
    #[must_use]
    pub fn position(&self) -> Position {
        Position { priority: self.priority, scheduled_at: self.scheduled_at, id: self.id }
    }

    /// How long it waited between its time and its fetch; zero before the first fetch.
    pub fn queue_time(&self) -> TimeDelta {
        self.attempted_at.map_or(TimeDelta::zero(), |at| (at - self.scheduled_at).max(TimeDelta::zero()))
    }

    /// Whether a failure of the present attempt is its last.
    pub fn is_exhausted(&self) -> bool {
        self.attempt >= self.max_attempts
    }
}
