use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::{AttemptError, Job, JobId, JobState, clock::later, job::recorded};

/// How one execution ended, and which execution it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Ack {
    /// The job.
    pub id: JobId,
    /// The attempt that ended.
    pub attempt: u32,
    /// When that attempt was fetched. Together with the attempt it names one execution: a
    /// snoozed job runs again under the same number.
    pub attempted_at: Option<DateTime<Utc>>,
    /// How it ended.
    pub finish: Finish,
}

/// The outcome of an execution, as the store takes it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Finish {
    /// Becomes completed. Keeps the encoded result in `meta.return`, if there is one.
    Complete {
        /// The result, as [`Finish::record`] encodes it.
        recorded: Option<String>,
    },
    /// Becomes retryable after a failure, due in `delay`.
    Retry {
        /// How long the job waits.
        delay: Duration,
        /// What the worker said.
        error: String,
    },
    /// Becomes discarded: a last failure, or the worker's decision.
    Discard {
        /// Why.
        error: String,
    },
    /// Becomes cancelled by its own worker.
    Cancel {
        /// Why.
        error: String,
    },
    /// Becomes scheduled, due in `delay`; the attempt is refunded and `meta.snoozed` one higher.
    Snooze {
        /// How long the job waits.
        delay: Duration,
        /// What its next run is to find in the meta.
        meta: Map<String, Value>,
    },
    /// Becomes available at once because its node stops; the attempt is refunded and
    /// `meta.interrupted` one higher.
    HandBack,
    /// Becomes available at once, as if it had not been fetched: it never began. The attempt is refunded.
    Return,
}

impl Ack {
    /// How the present execution of `job` ended.
    pub fn of(job: &Job, finish: Finish) -> Self {
        Self { id: job.id, attempt: job.attempt, attempted_at: job.attempted_at, finish }
    }
}

impl Finish {
    /// Completion with a result.
    pub fn record(value: &Value) -> Self {
        Self::Complete { recorded: Some(recorded::encode(value)) }
    }

    /// Completion with a result that takes at most `limit` bytes as it is stored: whole or not at all.
    ///
    /// # Errors
    /// The failure to be recorded when it takes more.
    pub fn record_within(value: &Value, limit: usize) -> Result<Self, String> {
        let text = recorded::encode(value);
        if text.len() > limit {
            return Err(format!(
                "the result takes {} bytes as it is stored, and this worker may record {limit}; record less, such as \
                 where it is kept, or raise its RECORD_LIMIT",
                text.len()
            ));
        }
        Ok(Self::Complete { recorded: Some(text) })
    }

    /// A snooze that leaves the meta alone, but for the counter.
    pub fn snooze(delay: Duration) -> Self {
        Self::Snooze { delay, meta: Map::new() }
    }

    /// The state the row takes.
    pub fn state(&self) -> JobState {
        match self {
            Self::Complete { .. } => JobState::Completed,
            Self::Retry { .. } => JobState::Retryable,
            Self::Discard { .. } => JobState::Discarded,
            Self::Cancel { .. } => JobState::Cancelled,
            Self::Snooze { .. } => JobState::Scheduled,
            Self::HandBack | Self::Return => JobState::Available,
        }
    }

    /// When given, `scheduled_at` becomes now plus this.
    pub fn delay(&self) -> Option<Duration> {
        match self {
            Self::Retry { delay, .. } | Self::Snooze { delay, .. } => Some(*delay),
            _ => None,
        }
    }

    /// When given, appended to the row's errors with the time and the attempt.
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::Retry { error, .. } | Self::Discard { error } | Self::Cancel { error } => Some(error),
            _ => None,
        }
    }

    /// When given, merged into the row's meta: each key takes the new value whole, whatever it held. Never empty.
    pub fn meta(&self) -> Option<Map<String, Value>> {
        match self {
            Self::Complete { recorded: Some(text) } => Some(Map::from_iter([
                (recorded::RECORDED_KEY.to_owned(), Value::Bool(true)),
                (recorded::RETURN_KEY.to_owned(), Value::String(text.clone())),
            ])),
            Self::Snooze { meta, .. } if !meta.is_empty() => Some(meta.clone()),
            _ => None,
        }
    }

    /// When given, this counter in the row's meta goes up by one, from 0 if absent or no number, whatever
    /// [`meta`](Finish::meta) says of it.
    pub fn counter(&self) -> Option<&'static str> {
        match self {
            Self::Snooze { .. } => Some("snoozed"),
            Self::HandBack => Some("interrupted"),
            _ => None,
        }
    }

    /// Whether the attempt is given back: `attempt` goes down by one.
    pub fn refunds_attempt(&self) -> bool {
        matches!(self, Self::Snooze { .. } | Self::HandBack | Self::Return)
    }

    /// Does to a job what a store does to its row when it takes this outcome at `now`.
    pub fn apply(&self, job: &mut Job, now: DateTime<Utc>) {
        job.state = self.state();
        match job.state {
            JobState::Completed => job.completed_at = Some(now),
            JobState::Discarded => job.discarded_at = Some(now),
            JobState::Cancelled => job.cancelled_at = Some(now),
            _ => {}
        }
        if let Some(delay) = self.delay() {
            job.scheduled_at = later(now, delay);
        }
        if let Some(error) = self.error() {
            job.errors.push(AttemptError::new(now, job.attempt, error));
        }
        let count = self.counter().map(|counter| (counter, job.meta.get(counter).and_then(Value::as_i64)));
        job.meta.extend(self.meta().into_iter().flatten());
        if let Some((counter, count)) = count {
            job.meta.insert(counter.to_owned(), Value::from(count.unwrap_or(0).saturating_add(1)));
        }
        if self.refunds_attempt() {
            job.attempt = job.attempt.saturating_sub(1);
        }
    }
}
