use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{Schedule, UNIQUE_KEY, validate};
use crate::{Error, Period, PeriodError, Result};

/// New values for some fields of stored jobs. What is not named stays.
///
/// A job that gets a new time must be waiting (scheduled, available or retryable) and becomes
/// `scheduled`; running and finished jobs are left out of such a change. Other fields may be
/// changed in any state, and count from the next attempt on.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
#[non_exhaustive]
pub struct JobChanges {
    /// Replaces the args whole.
    pub args: Option<Value>,
    /// Replaces the meta whole, but for the key of a unique job.
    pub meta: Option<Map<String, Value>>,
    /// Replaces the tags whole.
    pub tags: Option<Vec<String>>,
    /// Moves the job to another queue.
    pub queue: Option<String>,
    /// Gives the job to another worker.
    pub worker: Option<String>,
    /// 0 (first) to 9 (last).
    pub priority: Option<i32>,
    /// Never set below the attempts already made.
    pub max_attempts: Option<u32>,
    /// When the job may run.
    pub schedule: Option<Schedule>,
    problems: Vec<String>,
}

impl JobChanges {
    /// Replaces the args, a JSON object.
    pub fn args(mut self, args: Value) -> Self {
        self.args = Some(args);
        self
    }

    /// Replaces the meta, a JSON object. The key of a unique job in it is left out: each job keeps its own.
    pub fn meta(mut self, meta: Value) -> Self {
        match meta {
            Value::Object(mut meta) => {
                meta.remove(UNIQUE_KEY);
                self.meta = Some(meta);
            }
            other => self.problems.push(format!("meta is to be a JSON object, not {other}")),
        }
        self
    }

    /// Replaces the tags. They are trimmed and lower-cased; blanks are dropped.
    pub fn tags<T: Into<String>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        let normalized = tags.into_iter().fold(super::NewJob::new("", Value::Null), super::NewJob::tag);
        self.tags = Some(normalized.tags);
        self
    }

    /// Moves the job to another queue.
    pub fn queue(mut self, queue: impl Into<String>) -> Self {
        self.queue = Some(queue.into());
        self
    }

    /// Gives the job to the worker of this stored name.
    pub fn worker(mut self, worker: impl Into<String>) -> Self {
        self.worker = Some(worker.into());
        self
    }

    /// Sets the priority, 0 (first) to 9 (last).
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = Some(priority);
        self
    }

    /// Sets how often the job is tried; jobs that were tried more often keep that number.
    pub fn max_attempts(mut self, max_attempts: u32) -> Self {
        self.max_attempts = Some(max_attempts);
        self
    }

    /// Lets waiting jobs wait so long from now.
    pub fn schedule_in(mut self, period: impl TryInto<Period, Error: Into<PeriodError>>) -> Self {
        match period.try_into() {
            Ok(period) => self.schedule = Some(Schedule::In(period)),
            Err(error) => self.problems.push(format!("schedule_in: {}", error.into())),
        }
        self
    }

    /// Lets waiting jobs wait until a point in time.
    pub fn schedule_at(mut self, at: DateTime<Utc>) -> Self {
        self.schedule = Some(Schedule::At(at));
        self
    }

    /// Checks the new values by the rules of a new job.
    ///
    /// # Errors
    /// `Invalid`, naming every problem with its value and its cure.
    pub fn validate(&self) -> Result<()> {
        let mut problems = self.problems.clone();
        if let Some(worker) = &self.worker {
            validate::name("worker", worker, &mut problems);
        }
        if let Some(queue) = &self.queue {
            validate::name("queue", queue, &mut problems);
        }
        if let Some(priority) = self.priority {
            validate::priority(priority, &mut problems);
        }
        if let Some(max_attempts) = self.max_attempts {
            validate::max_attempts(max_attempts, &mut problems);
        }
        if let Some(args) = &self.args {
            validate::args(args, &mut problems);
        }
        if let Some(meta) = &self.meta {
            validate::meta(meta, &mut problems);
        }
        if let Some(tags) = &self.tags {
            validate::tags(tags, &mut problems);
        }
        if let Some(schedule) = self.schedule {
            validate::schedule(schedule, &mut problems);
        }
        if problems.is_empty() {
            return Ok(());
        }
        Err(Error::invalid("update_jobs", problems.join("; ")))
    }
}
