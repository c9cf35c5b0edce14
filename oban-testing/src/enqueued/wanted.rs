use std::time::Duration;

use chrono::{DateTime, Utc};
use oban_core::{JobArgs, JobState, Period, PeriodError};
use serde_json::Value;

/// What a job has to be like. What is not named may be anything.
///
/// [`assert_enqueued!`](crate::assert_enqueued) and its like write it from their keys, which are the methods below.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Wanted {
    pub(super) worker: Option<String>,
    pub(super) queue: Option<String>,
    pub(super) state: Option<JobState>,
    pub(super) args: Option<Value>,
    /// Whether the args are to hold nothing else.
    pub(super) args_are_whole: bool,
    pub(super) meta: Option<Value>,
    pub(super) tags: Vec<String>,
    pub(super) priority: Option<i32>,
    pub(super) max_attempts: Option<u32>,
    pub(super) time: Option<Time>,
    pub(super) within: Duration,
    pub(super) timeout: Duration,
    /// Keys with values that make no sense.
    pub(super) problems: Vec<String>,
}

/// When a job is wanted to be due.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Time {
    At(DateTime<Utc>),
    /// So long after its insertion.
    In(Duration),
}

impl Wanted {
    /// Any job.
    pub fn any() -> Self {
        Self {
            worker: None,
            queue: None,
            state: None,
            args: None,
            args_are_whole: false,
            meta: None,
            tags: Vec::new(),
            priority: None,
            max_attempts: None,
            time: None,
            within: Duration::from_secs(1),
            timeout: Duration::ZERO,
            problems: Vec::new(),
        }
    }

    /// A job of this kind with exactly these args.
    pub fn of(args: impl JobArgs) -> Self {
        let job = args.into_job();
        Self { worker: Some(job.worker), args: Some(job.args), args_are_whole: true, ..Self::any() }
    }

    /// The worker with this stored name. As the key of a macro: a type, or the name as a literal.
    pub fn worker(mut self, worker: impl Into<String>) -> Self {
        self.worker = Some(worker.into());
        self
    }

    /// In this queue.
    pub fn queue(mut self, queue: impl Into<String>) -> Self {
        self.queue = Some(queue.into());
        self
    }

    /// In this state.
    pub fn state(mut self, state: JobState) -> Self {
        self.state = Some(state);
        self
    }

    /// Args that hold this, at any depth; lists are to be equal.
    pub fn args(mut self, args: Value) -> Self {
        self.args = Some(args);
        self.args_are_whole = false;
        self
    }

    /// Meta that holds this, at any depth; lists are to be equal.
    pub fn meta(mut self, meta: Value) -> Self {
        self.meta = Some(meta);
        self
    }

    /// All of these among the tags, in any order.
    pub fn tags<T: Into<String>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.tags.extend(tags.into_iter().map(|tag| tag.into().trim().to_lowercase()));
        self
    }

    /// With this priority.
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = Some(priority);
        self
    }

    /// With so many attempts.
    pub fn max_attempts(mut self, max_attempts: u32) -> Self {
        self.max_attempts = Some(max_attempts);
        self
    }

    /// Due so long after its insertion, e.g. `"5m"`, give or take [`within`](Wanted::within).
    pub fn scheduled_in(mut self, period: impl TryInto<Period, Error: Into<PeriodError>>) -> Self {
        self.time = self.period("scheduled_in", period).map(Time::In).or(self.time);
        self
    }

    /// Due at this time, give or take [`within`](Wanted::within).
    pub fn scheduled_at(mut self, at: DateTime<Utc>) -> Self {
        self.time = Some(Time::At(at));
        self
    }

    /// How far a time may be off. Default 1 s.
    pub fn within(mut self, period: impl TryInto<Period, Error: Into<PeriodError>>) -> Self {
        self.within = self.period("within", period).unwrap_or(self.within);
        self
    }

    /// How long to wait for such a job. Default: not at all.
    pub fn timeout(mut self, period: impl TryInto<Period, Error: Into<PeriodError>>) -> Self {
        self.timeout = self.period("timeout", period).unwrap_or(self.timeout);
        self
    }

    fn period(
        &mut self,
        key: &str,
        period: impl TryInto<Period, Error: Into<PeriodError>>,
    ) -> Option<Duration> {
        match period.try_into() {
            Ok(period) => Some(period.as_duration()),
            Err(error) => {
                self.problems.push(format!("{key}: {}", error.into()));
                None
            }
        }
    }
}
