use serde::Serialize;
use serde_json::Value;

use crate::{Period, PeriodError};

/// How an attempt ended, if it did not fail.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "an outcome does nothing until the worker returns it"]
#[non_exhaustive]
pub enum Outcome {
    /// The job is done.
    Complete,
    /// The job is done, and this is its result, kept with it. See [`Outcome::record`].
    Record(Checked<Value>),
    /// The job runs again later, without using up an attempt. See [`Outcome::snooze`].
    Snooze(Checked<Period>),
    /// The job ends as cancelled, for this reason.
    Cancel(String),
    /// The job ends as discarded, for this reason.
    Discard(String),
}

/// A value a worker gave, or what is wrong with it, which is recorded as the attempt's failure.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked<T>(pub(crate) Result<T, String>);

impl Outcome {
    /// Completes the job and keeps `value` with it, to be read by [`Job::recorded`](crate::Job::recorded) and by
    /// nodes in other languages. A value that cannot be written as JSON fails the attempt. One that nests deeper
    /// than 128 levels cannot be read back.
    pub fn record(value: impl Serialize) -> Self {
        Self::Record(Checked(
            serde_json::to_value(value)
                .map_err(|error| format!("the result cannot be recorded as JSON: {error}")),
        ))
    }

    /// Runs the job again after a wait such as `"30s"` or a [`Duration`](std::time::Duration), without using up an
    /// attempt. A wait that is no [`Period`] fails the attempt.
    pub fn snooze(period: impl TryInto<Period, Error: Into<PeriodError>>) -> Self {
        Self::Snooze(Checked(period.try_into().map_err(|error| format!("snooze: {}", error.into()))))
    }

    /// Ends the job as cancelled.
    pub fn cancel(reason: impl Into<String>) -> Self {
        Self::Cancel(reason.into())
    }

    /// Ends the job as discarded.
    pub fn discard(reason: impl Into<String>) -> Self {
        Self::Discard(reason.into())
    }
}

impl<T> Checked<T> {
    /// The value, unless something is wrong with it.
    pub fn value(&self) -> Option<&T> {
        self.0.as_ref().ok()
    }

    /// What is wrong with the value, as it would be recorded.
    pub fn problem(&self) -> Option<&str> {
        self.0.as_ref().err().map(String::as_str)
    }
}
