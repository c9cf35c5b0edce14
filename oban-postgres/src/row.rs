//! Rows as the types of core.

use chrono::{DateTime, NaiveDateTime, Utc};
use oban_core::{AttemptError, Error, ErrorKind, Job, JobId, JobState, NewJob, Result, Touched};
use serde_json::{Map, Value};
use sqlx::{Row, postgres::PgRow};

use crate::{
    bind::scheduled_at,
    decode::{Json, Stamp},
    jsonb,
};

/// What the database gives to a new job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Receipt {
    pub(crate) id: JobId,
    pub(crate) inserted_at: NaiveDateTime,
}

/// The jobs of these rows. A row beyond understanding is left out with a warning: it must not keep the
/// others from running.
pub(crate) fn jobs(rows: &[PgRow]) -> Vec<Job> {
    understood(rows, job)
}

/// The rows that a bulk operation moved or deleted.
pub(crate) fn touched(rows: &[PgRow]) -> Vec<Touched> {
    understood(rows, |row| {
        let after: Option<&str> = row.try_get("after")?;
        Ok(Touched {
            id: id(row)?,
            queue: row.try_get("queue")?,
            before: parse_state(row.try_get("before")?)?,
            after: after.map(parse_state).transpose()?,
        })
    })
}

/// The id of a row.
pub(crate) fn id(row: &PgRow) -> Result<JobId, sqlx::Error> {
    row.try_get("id").map(JobId)
}

/// The state of that name.
pub(crate) fn parse_state(name: &str) -> Result<JobState, sqlx::Error> {
    name.parse().map_err(|error: Error| sqlx::Error::Decode(error.into()))
}

/// The job of a row.
pub(crate) fn job(row: &PgRow) -> Result<Job, sqlx::Error> {
    let Json(args) = row.try_get("args")?;
    let meta: Option<Json> = row.try_get("meta")?;
    let errors: Option<Vec<Option<Json>>> = row.try_get("errors")?;
    Ok(Job {
        id: id(row)?,
        state: parse_state(row.try_get("state")?)?,
        queue: row.try_get("queue")?,
        worker: row.try_get("worker")?,
        args,
        meta: meta.map_or_else(Map::new, |Json(meta)| object(meta)),
        tags: texts(row, "tags")?,
        errors: errors.into_iter().flatten().flatten().map(|Json(entry)| attempt_error(entry)).collect(),
        attempt: count(row, "attempt")?,
        max_attempts: count(row, "max_attempts")?,
        priority: row.try_get("priority")?,
        attempted_by: texts(row, "attempted_by")?,
        inserted_at: row.try_get::<Stamp, _>("inserted_at")?.0,
        scheduled_at: row.try_get::<Stamp, _>("scheduled_at")?.0,
        attempted_at: time(row, "attempted_at")?,
        completed_at: time(row, "completed_at")?,
        cancelled_at: time(row, "cancelled_at")?,
        discarded_at: time(row, "discarded_at")?,
    })
}

/// The receipts of this many jobs.
pub(crate) fn receipts(row: &PgRow, count: usize, operation: &'static str) -> Result<Vec<Receipt>> {
    let receipts = reserved(row).map_err(unexpected(operation))?.unwrap_or_default();
    check_count(receipts.len(), count, operation)?;
    Ok(receipts)
}

/// The receipts of a row, unless it says that none were given.
pub(crate) fn reserved(row: &PgRow) -> Result<Option<Vec<Receipt>>, sqlx::Error> {
    let ids: Option<Vec<i64>> = row.try_get("ids")?;
    let inserted_at = row.try_get("inserted_at")?;
    Ok(ids.map(|ids| ids.into_iter().map(|id| Receipt { id: JobId(id), inserted_at }).collect()))
}

/// Fails unless each job became a row.
pub(crate) fn check_count(rows: usize, jobs: usize, operation: &'static str) -> Result<()> {
    if rows == jobs {
        return Ok(());
    }
    Err(kept_out(jobs, operation))
}

/// Not all of these jobs were taken, so none is stored.
pub(crate) fn kept_out(jobs: usize, operation: &'static str) -> Error {
    let problem = format!(
        "something kept some of {jobs} jobs out of the table, so none is stored; look for a trigger or a rule that \
         leaves out rows"
    );
    Error::new(ErrorKind::Store, operation, problem)
}

/// The row that a new job became, as if it was read back.
pub(crate) fn stored(mut job: NewJob, Receipt { id, inserted_at }: Receipt) -> Job {
    jsonb::read_back(&mut job.args);
    job.meta.values_mut().for_each(jsonb::read_back);
    Job {
        id,
        state: job.state(),
        inserted_at: inserted_at.and_utc(),
        scheduled_at: scheduled_at(job.schedule, inserted_at).and_utc(),
        queue: job.queue,
        worker: job.worker,
        args: job.args,
        meta: job.meta,
        tags: job.tags,
        max_attempts: job.max_attempts,
        priority: job.priority,
        ..Job::default()
    }
}

/// An error about rows that are not what was asked for.
pub(crate) fn unexpected(operation: &'static str) -> impl FnOnce(sqlx::Error) -> Error {
    move |error| {
        Error::new(ErrorKind::Store, operation, "the database answered with an unexpected row")
            .with_source(error)
    }
}

fn understood<T>(rows: &[PgRow], decode: impl Fn(&PgRow) -> Result<T, sqlx::Error>) -> Vec<T> {
    let mut decoded = Vec::with_capacity(rows.len());
    for row in rows {
        match decode(row) {
            Ok(value) => decoded.push(value),
            Err(error) => tracing::warn!(id = ?id(row).ok(), %error, "left out a job that cannot be read"),
        }
    }
    decoded
}

/// NULL in a foreign row means none, also inside the array.
fn texts(row: &PgRow, column: &str) -> Result<Vec<String>, sqlx::Error> {
    let texts: Option<Vec<Option<String>>> = row.try_get(column)?;
    Ok(texts.into_iter().flatten().flatten().collect())
}

fn count(row: &PgRow, column: &str) -> Result<u32, sqlx::Error> {
    let count: i32 = row.try_get(column)?;
    Ok(u32::try_from(count).unwrap_or(0))
}

fn time(row: &PgRow, column: &str) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    let stamp: Option<Stamp> = row.try_get(column)?;
    Ok(stamp.map(|Stamp(time)| time))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// An entry of any writer: all parts may be missing or of another kind.
fn attempt_error(entry: Value) -> AttemptError {
    let mut error = AttemptError::default();
    match entry {
        Value::Object(mut entry) => {
            error.at = entry.get("at").and_then(Value::as_str).and_then(parse_time);
            error.attempt =
                entry.get("attempt").and_then(Value::as_u64).and_then(|attempt| u32::try_from(attempt).ok());
            error.error = entry.remove("error").map_or_else(String::new, text);
        }
        other => error.error = text(other),
    }
    error
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// With a zone as Elixir writes it, or without one as Python may: UTC then.
fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).map(|time| time.to_utc()).ok().or_else(|| {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok().map(|time| time.and_utc())
    })
}

#[cfg(test)]
mod tests {
    use super::attempt_error;
    use serde_json::json;

    #[test]
    fn reads_errors_of_any_writer() {
        let whole =
            attempt_error(json!({"at": "2026-11-23T18:50:16.354341Z", "attempt": 3, "error": "boom"}));
        assert_eq!(whole.at.unwrap().timestamp_subsec_micros(), 354_341);
        assert_eq!((whole.attempt, whole.error.as_str()), (Some(3), "boom"));
        assert!(attempt_error(json!({"at": "2026-11-23T18:50:16.354341"})).at.is_some());
        let strange = attempt_error(json!({"at": 5, "attempt": -1, "error": {"kind": "x"}}));
        assert_eq!((strange.at, strange.attempt, strange.error.as_str()), (None, None, r#"{"kind":"x"}"#));
        assert_eq!(attempt_error(json!("boom")).error, "boom");
        assert_eq!(attempt_error(json!({})).error, "");
    }
}
