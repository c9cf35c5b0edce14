use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{JobArgs, JobState, Replace, UNIQUE_KEY, Unique, unique, validate};
use crate::{Error, Period, PeriodError, Result};

/// A job that is not stored yet.
///
/// Built from a struct with [`JobArgs`], or by name with [`NewJob::new`] for workers that live
/// elsewhere. A builder never fails: what is wrong is collected, and inserting reports all of
/// it at once, before any SQL runs.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a new job does nothing until it is inserted"]
#[non_exhaustive]
pub struct NewJob {
    /// The stored name of the code that is to run it.
    pub worker: String,
    /// What the worker is given.
    pub args: Value,
    /// Where it runs. Default `"default"`.
    pub queue: String,
    /// How often it is tried before it is discarded. Default 20.
    pub max_attempts: u32,
    /// 0 (first) to 9 (last). Default 0.
    pub priority: i32,
    /// Labels, trimmed, lower-cased and without doubles.
    pub tags: Vec<String>,
    /// Free for the application.
    pub meta: Map<String, Value>,
    /// When it may run. Default at once.
    pub schedule: Schedule,
    /// When it counts as a duplicate of a stored job and is not stored. Default never.
    pub unique: Option<Unique>,
    /// What the stored job takes over from it then. Default nothing.
    pub replace: Replace,
    problems: Vec<String>,
}

/// When a new job may run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Schedule {
    /// As soon as a slot is free.
    #[default]
    Now,
    /// At a point in time. One in the past still waits for the stager, at most one
    /// [staging interval](crate::Builder::stage_interval).
    At(DateTime<Utc>),
    /// So long after its insertion, by the store's clock.
    In(Period),
}

impl NewJob {
    /// A job for the worker stored as `worker`. `args` has to be a JSON object.
    pub fn new(worker: impl Into<String>, args: Value) -> Self {
        Self {
            worker: worker.into(),
            args,
            queue: "default".to_owned(),
            max_attempts: 20,
            priority: 0,
            tags: Vec::new(),
            meta: Map::new(),
            schedule: Schedule::Now,
            unique: None,
            replace: Replace::new(),
            problems: Vec::new(),
        }
    }

    /// A job of the kind of `args`.
    pub(super) fn of<A: JobArgs>(args: A) -> Self {
        let mut job = Self::new(A::WORKER, Value::Null);
        match serde_json::to_value(args) {
            Ok(value) => job.args = value,
            Err(error) => job.problems.push(format!("args cannot be written as JSON: {error}")),
        }
        A::configure(job)
    }

    /// The queue, 1 to 127 characters.
    pub fn queue(mut self, queue: impl Into<String>) -> Self {
        self.queue = queue.into();
        self
    }

    /// The priority, 0 (first) to 9 (last).
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }

    /// How often the job is tried before it is discarded, at least once.
    pub fn max_attempts(mut self, max_attempts: u32) -> Self {
        self.max_attempts = max_attempts;
        self
    }

    /// Adds a label. It is trimmed and lower-cased; blanks and doubles are dropped, as Oban does.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        let tag = tag.into().trim().to_lowercase();
        if !tag.is_empty() && !self.tags.contains(&tag) {
            self.tags.push(tag);
        }
        self
    }

    /// Merges the keys of a JSON object into the job's meta.
    pub fn meta(mut self, meta: Value) -> Self {
        match meta {
            Value::Object(meta) => self.meta.extend(meta),
            other => self.problems.push(format!("meta is to be a JSON object, not {other}")),
        }
        self
    }

    /// Lets the job wait, e.g. `"5m"` or a [`Duration`](std::time::Duration), counted by the store's clock.
    pub fn schedule_in(mut self, period: impl TryInto<Period, Error: Into<PeriodError>>) -> Self {
        match period.try_into() {
            Ok(period) => self.schedule = Schedule::In(period),
            Err(error) => self.problems.push(format!("schedule_in: {}", error.into())),
        }
        self
    }

    /// Lets the job wait until a point in time.
    pub fn schedule_at(mut self, at: DateTime<Utc>) -> Self {
        self.schedule = Schedule::At(at);
        self
    }

    /// Lets the job be stored only if no job like it is there: `Unique::within("5m")`. Else the insert returns that job.
    pub fn unique(mut self, unique: Unique) -> Self {
        self.unique = Some(unique);
        self
    }

    /// Lets a stored job that this one is a duplicate of take over parts of it. Without [`unique`](NewJob::unique) it
    /// does nothing.
    pub fn replace(mut self, replace: Replace) -> Self {
        self.replace = replace;
        self
    }

    /// Writes the key of a unique job into its meta, for the store's index, and returns it. Any other job loses a key that
    /// came with a copied meta, lest it counts as what it is not. For engines, before they store a job.
    pub fn sign(&mut self) -> Option<String> {
        let key = self.unique.as_ref().map(|unique| unique::key(self, unique));
        self.meta.remove(UNIQUE_KEY);
        self.meta.extend(key.as_deref().map(|key| (UNIQUE_KEY.to_owned(), Value::from(key))));
        key
    }

    /// The state it will be inserted in: `scheduled` whenever a time is given, even one in the past.
    pub fn state(&self) -> JobState {
        match self.schedule {
            Schedule::Now => JobState::Available,
            Schedule::At(_) | Schedule::In(_) => JobState::Scheduled,
        }
    }

    /// Checks everything a store would refuse, so that nothing is sent that cannot be kept.
    ///
    /// # Errors
    /// `Invalid`, naming every problem with its value and its cure.
    pub fn validate(&self) -> Result<()> {
        let mut problems = self.problems.clone();
        validate::name("worker", &self.worker, &mut problems);
        validate::name("queue", &self.queue, &mut problems);
        validate::priority(self.priority, &mut problems);
        validate::max_attempts(self.max_attempts, &mut problems);
        validate::args(&self.args, &mut problems);
        validate::meta(&self.meta, &mut problems);
        validate::tags(&self.tags, &mut problems);
        validate::schedule(self.schedule, &mut problems);
        problems.extend(self.unique.iter().flat_map(Unique::problems));
        if problems.is_empty() {
            return Ok(());
        }
        Err(Error::invalid("insert", problems.join("; ")).with_context("worker", &self.worker))
    }
}

impl<A: JobArgs> From<A> for NewJob {
    fn from(args: A) -> Self {
        args.into_job()
    }
}

#[cfg(test)]
mod tests {
    use super::NewJob;
    use serde_json::json;
    use std::time::Duration;

    #[test]
    fn normalises_tags_as_oban_does() {
        let job =
            NewJob::new("W", json!({})).tag("Alpha").tag(" beta ").tag("alpha").tag("  ").tag("gamma:1");
        assert_eq!(job.tags, ["alpha", "beta", "gamma:1"]);
    }

    #[test]
    fn reports_every_problem_at_once() {
        let job = NewJob::new("", json!([1]))
            .queue("q".repeat(128))
            .priority(10)
            .max_attempts(0)
            .meta(json!(1))
            .tag("a\0")
            .schedule_in("soon");
        let error = job.validate().unwrap_err().to_string();
        for part in ["worker", "128", "priority 10", "max_attempts 0", "JSON object", "NUL", "\"soon\""] {
            assert!(error.contains(part), "{part} missing in: {error}");
        }
    }

    #[test]
    fn accepts_the_limits() {
        NewJob::new("w".repeat(127), json!({}))
            .queue("ü".repeat(127))
            .priority(9)
            .max_attempts(1)
            .schedule_in(Duration::ZERO)
            .validate()
            .unwrap();
    }
}
