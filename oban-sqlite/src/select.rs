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
    let mut jobs = Vec::new();
    each(conn, filter, states, |job| jobs.push(job))?;
    // They were read state by state.
    jobs.sort_unstable_by_key(|job| job.id);
    jobs.truncate(filter.limit.unwrap_or(usize::MAX));
    Ok(jobs)
}

/// Hands over the jobs that [`select`] chooses from, one by one: all of them may be too many to hold.
pub(crate) fn each(
    conn: &Connection,
    filter: &JobFilter,
    states: &[JobState],
    mut take: impl FnMut(Selected),
) -> rusqlite::Result<()> {
    if filter.is_nothing() {
        return Ok(());
    }
    let states = wanted(filter, states);
    let values = Values::new(filter, &states);
    if !filter.ids.is_empty() {
        return visit(conn.prepare_cached(sql::SELECT_JOBS_BY_ID)?, &*values.with_ids(), take);
    }
    let pages = filter.above.is_some();
    if pages || filter.states.is_empty() && states.iter().any(|state| state.is_final()) {
        return visit(conn.prepare_cached(sql::SELECT_JOBS)?, &*values.with_states(), take);
    }
    for state in states {
        let sql = sql::select_jobs_by_state(state);
        visit(conn.prepare_cached(&sql)?, &*values.conditions(), &mut take)?;
    }
    Ok(())
}

/// Hands over jobs that meet the filter, whichever are found first: up to its limit in each state.
pub(crate) fn each_up_to_limit(
    conn: &Connection,
    filter: &JobFilter,
    mut take: impl FnMut(Selected),
) -> rusqlite::Result<()> {
    if filter.is_nothing() {
        return Ok(());
    }
    for state in wanted(filter, &JobState::ALL) {
        let values = Values::new(filter, &[state]);
        if filter.ids.is_empty() {
            let sql = sql::select_jobs_by_state_unordered(state);
            visit(conn.prepare_cached(&sql)?, &*values.conditions(), &mut take)?;
        } else {
            visit(conn.prepare_cached(sql::SELECT_JOBS_BY_ID)?, &*values.with_ids(), &mut take)?;
        }
    }
    Ok(())
}

/// Those of the states that the filter asks for.
fn wanted(filter: &JobFilter, states: &[JobState]) -> Vec<JobState> {
    let is_wanted = |state: &JobState| filter.states.is_empty() || filter.states.contains(state);
    states.iter().copied().filter(is_wanted).collect()
}

/// A filter as the statements take it: lists as JSON, and NULL where any value will do.
struct Values {
    ids: String,
    states: String,
    queues: Option<String>,
    workers: Option<String>,
    tags: String,
    above: i64,
    limit: i64,
}

impl Values {
    fn new(filter: &JobFilter, states: &[JobState]) -> Self {
        Self {
            ids: json!(filter.ids).to_string(),
            states: json!(states).to_string(),
            queues: (!filter.queues.is_empty()).then(|| json!(filter.queues).to_string()),
            workers: (!filter.workers.is_empty()).then(|| json!(filter.workers).to_string()),
            tags: json!(filter.tags).to_string(),
            above: filter.above.map_or(i64::MIN, |id| id.0),
            limit: limit(filter.limit.unwrap_or(usize::MAX)),
        }
    }

    fn conditions(&self) -> Vec<(&str, &dyn ToSql)> {
        vec![
            (":queues", &self.queues),
            (":workers", &self.workers),
            (":tags", &self.tags),
            (":above", &self.above),
            (":limit", &self.limit),
        ]
    }

    fn with_states(&self) -> Vec<(&str, &dyn ToSql)> {
        let mut values = self.conditions();
        values.push((":states", &self.states));
        values
    }

    fn with_ids(&self) -> Vec<(&str, &dyn ToSql)> {
        let mut values = self.with_states();
        values.push((":ids", &self.ids));
        values
    }
}

/// What a statement returns as its columns id, queue and state.
pub(crate) fn selected(
    statement: CachedStatement<'_>,
    params: impl Params,
) -> rusqlite::Result<Vec<Selected>> {
    let mut jobs = Vec::new();
    visit(statement, params, |job| jobs.push(job))?;
    Ok(jobs)
}

fn visit(
    mut statement: CachedStatement<'_>,
    params: impl Params,
    mut take: impl FnMut(Selected),
) -> rusqlite::Result<()> {
    let mut rows = statement.query(params)?;
    while let Some(row) = rows.next()? {
        if let Some(job) = from_row(row)? {
            take(job);
        }
    }
    Ok(())
}

/// The number of rows as SQLite takes it.
pub(crate) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// A row of the columns id, queue and state; `None` for a state that nobody knows.
pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Option<Selected>> {
    let id = JobId(row.get(0)?);
    let Some(state) = row::state(row, 2, id)? else { return Ok(None) };
    Ok(Some(Selected { id, queue: row.get(1)?, state }))
}
