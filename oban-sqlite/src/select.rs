//! Which jobs a filter means, in which states.

use oban_core::{JobFilter, JobId, JobState};
use rusqlite::{CachedStatement, Connection, Params, Row, ToSql};
use serde_json::json;

use crate::{row, sql};

/// A job before something is done to it.
#[derive(Debug)]
pub(crate) struct Selected {
    pub(crate) id: JobId,
    pub(crate) queue: String,
    pub(crate) state: JobState,
}

/// The jobs that meet the filter and are in one of `states`, lowest id first.
pub(crate) fn select(
    conn: &Connection,
    filter: &JobFilter,
    states: &[JobState],
) -> rusqlite::Result<Vec<Selected>> {
    if filter.is_nothing() {
        return Ok(Vec::new());
    }
    let wanted = |state: &&JobState| filter.states.is_empty() || filter.states.contains(state);
    let states: Vec<&JobState> = states.iter().filter(wanted).collect();

    let ids = json!(filter.ids).to_string();
    let names = json!(states).to_string();
    let queues = (!filter.queues.is_empty()).then(|| json!(filter.queues).to_string());
    let workers = (!filter.workers.is_empty()).then(|| json!(filter.workers).to_string());
    let tags = json!(filter.tags).to_string();
    let limit = limit(filter.limit.unwrap_or(usize::MAX));
    let mut params: Vec<(&str, &dyn ToSql)> =
        vec![(":queues", &queues), (":workers", &workers), (":tags", &tags), (":limit", &limit)];

    if !filter.ids.is_empty() {
        params.extend([(":ids", &ids as &dyn ToSql), (":states", &names)]);
        return selected(conn.prepare_cached(sql::SELECT_JOBS_BY_ID)?, params.as_slice());
    }
    if filter.states.is_empty() && states.iter().any(|state| state.is_final()) {
        params.push((":states", &names));
        return selected(conn.prepare_cached(sql::SELECT_JOBS)?, params.as_slice());
    }
    let mut jobs = Vec::new();
    for state in states {
        let sql = sql::select_jobs_by_state(*state);
        jobs.extend(selected(conn.prepare_cached(&sql)?, params.as_slice())?);
    }
    jobs.sort_unstable_by_key(|job: &Selected| job.id);
    jobs.truncate(filter.limit.unwrap_or(usize::MAX));
    Ok(jobs)
}

/// What a statement returns as its columns id, queue and state, without states that nobody knows.
pub(crate) fn selected(
    mut statement: CachedStatement<'_>,
    params: impl Params,
) -> rusqlite::Result<Vec<Selected>> {
    let mut rows = statement.query(params)?;
    let mut jobs = Vec::new();
    while let Some(row) = rows.next()? {
        jobs.extend(from_row(row)?);
    }
    Ok(jobs)
}

/// The number of rows as SQLite takes it.
pub(crate) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Option<Selected>> {
    let id = JobId(row.get(0)?);
    let Some(state) = row::state(row, 2, id)? else { return Ok(None) };
    Ok(Some(Selected { id, queue: row.get(1)?, state }))
}
