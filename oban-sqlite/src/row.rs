//! Rows of `oban_jobs` and their values.
//!
//! A row that another writer made badly must not take its batch with it: what cannot be read
//! becomes empty, with a trace event.

use chrono::{DateTime, Utc};
use oban_core::{AttemptError, Job, JobId, JobState};
use rusqlite::{CachedStatement, Params, Row};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::time::Remembered;

/// Every job a statement returns, owned or shared, without those in a state that nobody knows.
pub(crate) fn jobs<J: From<Job>>(
    statement: &mut CachedStatement<'_>,
    params: impl Params,
) -> rusqlite::Result<Vec<J>> {
    let mut rows = statement.query(params)?;
    let (mut jobs, mut times) = (Vec::new(), Times::default());
    while let Some(row) = rows.next()? {
        jobs.extend(job(row, &mut times)?.map(J::from));
    }
    Ok(jobs)
}

/// The state named in a column; `None`, with a trace event, for a name that nobody knows.
pub(crate) fn state(row: &Row<'_>, column: usize, id: JobId) -> rusqlite::Result<Option<JobState>> {
    let name = text(row, column)?.unwrap_or_default();
    let state = name.parse().ok();
    if state.is_none() {
        tracing::warn!(job.id = id.0, state = name, "a job in an unknown state is left out");
    }
    Ok(state)
}

/// The text of a column of JSON, made without a copy of the value.
pub(crate) fn to_json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// The last time read of each column; the times at which jobs ended share one.
#[derive(Default)]
struct Times {
    inserted: Remembered,
    scheduled: Remembered,
    attempted: Remembered,
    ended: Remembered,
}

/// Reads the columns in the order of the table's statements.
fn job(row: &Row<'_>, times: &mut Times) -> rusqlite::Result<Option<Job>> {
    let id = JobId(row.get(0)?);
    let Some(state) = state(row, 1, id)? else { return Ok(None) };
    Ok(Some(Job {
        id,
        state,
        queue: text(row, 2)?.unwrap_or_default().to_owned(),
        worker: text(row, 3)?.unwrap_or_default().to_owned(),
        args: args(row, 4, id)?,
        meta: json::<Map<String, Value>>(row, 5, id, "meta")?,
        tags: json(row, 6, id, "tags")?,
        errors: json::<Vec<AttemptError>>(row, 7, id, "errors")?,
        attempt: number(row, 8)?,
        max_attempts: number(row, 9)?,
        priority: number(row, 10)?,
        attempted_by: json(row, 11, id, "attempted_by")?,
        inserted_at: at(row, 12, &mut times.inserted, id, "inserted_at")?.unwrap_or_default(),
        scheduled_at: at(row, 13, &mut times.scheduled, id, "scheduled_at")?.unwrap_or_default(),
        attempted_at: at(row, 14, &mut times.attempted, id, "attempted_at")?,
        completed_at: at(row, 15, &mut times.ended, id, "completed_at")?,
        cancelled_at: at(row, 16, &mut times.ended, id, "cancelled_at")?,
        discarded_at: at(row, 17, &mut times.ended, id, "discarded_at")?,
    }))
}

fn text<'r>(row: &'r Row<'_>, column: usize) -> rusqlite::Result<Option<&'r str>> {
    Ok(row.get_ref(column)?.as_str().ok())
}

/// Text that is no JSON is kept as a string: decoding it fails in the worker, where a person sees it.
fn args(row: &Row<'_>, column: usize, id: JobId) -> rusqlite::Result<Value> {
    let text = text(row, column)?.unwrap_or_default();
    Ok(serde_json::from_str(text).unwrap_or_else(|error| {
        unreadable(id, "args", &error.to_string());
        Value::String(text.to_owned())
    }))
}

fn json<T: Default + serde::de::DeserializeOwned>(
    row: &Row<'_>,
    column: usize,
    id: JobId,
    name: &'static str,
) -> rusqlite::Result<T> {
    Ok(match text(row, column)? {
        None | Some("[]" | "{}") => T::default(),
        Some(text) => serde_json::from_str(text).unwrap_or_else(|error| {
            unreadable(id, name, &error.to_string());
            T::default()
        }),
    })
}

fn number<T: TryFrom<i64> + Default>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let number = row.get_ref(column)?.as_i64().unwrap_or_default();
    Ok(T::try_from(number).unwrap_or_default())
}

fn at(
    row: &Row<'_>,
    column: usize,
    last: &mut Remembered,
    id: JobId,
    name: &'static str,
) -> rusqlite::Result<Option<DateTime<Utc>>> {
    let Some(text) = text(row, column)? else { return Ok(None) };
    let time = last.time_of(text);
    if time.is_none() {
        unreadable(id, name, text);
    }
    Ok(time)
}

fn unreadable(id: JobId, column: &'static str, problem: &str) {
    tracing::warn!(job.id = id.0, column, problem, "a stored value cannot be read");
}
