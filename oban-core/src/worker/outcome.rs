use serde::Serialize;
use serde_json::{Map, Value};

use crate::{Period, PeriodError, job::validate};

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
    Snooze(Checked<Snooze>),
    /// The job ends as cancelled, for this reason.
    Cancel(String),
    /// The job ends as discarded, for this reason.
    Discard(String),
}

/// When a job runs again, and what it is to find then.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Snooze {
    /// How long it waits.
    pub period: Period,
    /// Merged into the job's meta, key by key.
    pub meta: Map<String, Value>,
}

/// A value a worker gave, or what is wrong with it, which is recorded as the attempt's failure.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked<T>(pub(crate) Result<T, String>);

impl Outcome {
    /// Completes the job and keeps `value` with it, to be read by [`Oban::result`](crate::Oban::result),
    /// [`Job::recorded`](crate::Job::recorded) and nodes in other languages. A value that cannot be written as JSON, or
    /// is larger than the worker's [`RECORD_LIMIT`](crate::Worker::RECORD_LIMIT), fails the attempt. One that nests
    /// deeper than 128 levels cannot be read back.
    pub fn record(value: impl Serialize) -> Self {
        Self::Record(Checked(
            serde_json::to_value(value)
                .map_err(|error| format!("the result cannot be recorded as JSON: {error}")),
        ))
    }

    /// Runs the job again after a wait such as `"30s"` or a [`Duration`](std::time::Duration), without using up an
    /// attempt. A wait that is no [`Period`] fails the attempt.
    pub fn snooze(period: impl TryInto<Period, Error: Into<PeriodError>>) -> Self {
        Self::snooze_with(period, Value::Object(Map::new()))
    }

    /// Runs the job again after a wait and lets it find something in its meta then, such as how far it came:
    /// `Outcome::snooze_with("1m", json!({"page": 7}))`. The keys of the JSON object are merged into the job's meta. A
    /// wait that is no [`Period`], a meta that is no object or that holds `snoozed`, which counts the snoozes, fails the
    /// attempt.
    pub fn snooze_with(period: impl TryInto<Period, Error: Into<PeriodError>>, meta: Value) -> Self {
        let period = period.try_into().map_err(|error| format!("snooze: {}", error.into()));
        Self::Snooze(Checked(period.and_then(|period| Ok(Snooze { period, meta: snooze_meta(meta)? }))))
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

fn snooze_meta(meta: Value) -> Result<Map<String, Value>, String> {
    let Value::Object(meta) = meta else {
        return Err(format!("snooze: meta is to be a JSON object, not {meta}"));
    };
    let mut problems = Vec::new();
    validate::meta(&meta, &mut problems);
    if meta.contains_key("snoozed") {
        problems.push("meta may not hold \"snoozed\", which counts the snoozes; take another key".to_owned());
    }
    if problems.is_empty() { Ok(meta) } else { Err(format!("snooze: {}", problems.join("; "))) }
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

#[cfg(test)]
mod tests {
    use super::Outcome;
    use serde_json::json;

    fn problem(outcome: Outcome) -> String {
        match outcome {
            Outcome::Snooze(snooze) => snooze.0.unwrap_err(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_snooze_names_what_is_wrong_with_it() {
        assert!(problem(Outcome::snooze("soon")).contains("\"soon\" is no period"));
        assert!(problem(Outcome::snooze_with("1m", json!("a"))).contains("a JSON object, not \"a\""));
        let both = problem(Outcome::snooze_with("1m", json!({"snoozed": 1, "a": ["\0"]})));
        assert!(both.contains("NUL") && both.contains("may not hold \"snoozed\""), "{both}");
    }
}
