//! New jobs that may be there already.

use oban_core::{Job, JobId, JobState, NewJob, UniqueTimestamp};
use rusqlite::{OptionalExtension, named_params};
use serde_json::json;

use crate::{row, sql, time, writer::Write};

/// A stored job that a new one is a duplicate of, with what it took over from it.
pub(super) struct Duplicate {
    pub(super) job: Job,
    /// The queue it can be fetched from now, and could not before.
    pub(super) moved_to: Option<String>,
}

/// The stored job that this one is a duplicate of, if any. The transaction keeps every other writer out, so nothing can
/// come between the look and what follows.
pub(super) fn duplicate(write: &Write<'_>, key: &str, new: &NewJob) -> rusqlite::Result<Option<Duplicate>> {
    let Some(id) = find(write, key, new)? else { return Ok(None) };
    let mut statement = write.statement(sql::LIST_JOBS)?;
    let Some(stored) = row::jobs::<Job>(&mut statement, named_params! { ":id": id.0 })?.pop() else {
        return Ok(None);
    };
    match new.replace.apply(&stored, new, time::due_at(new.schedule, write.now())) {
        Some(job) => {
            replace(write, &job)?;
            let has_moved = job.state == JobState::Available && job.queue != stored.queue;
            let moved_to = has_moved.then(|| job.queue.clone());
            Ok(Some(Duplicate { job, moved_to }))
        }
        None => Ok(Some(Duplicate { job: stored, moved_to: None })),
    }
}

fn find(write: &Write<'_>, key: &str, new: &NewJob) -> rusqlite::Result<Option<JobId>> {
    let Some(unique) = &new.unique else { return Ok(None) };
    let since = unique.counted_period().map(|period| time::to_text(time::before(write.now(), period)));
    // An empty text is before any time.
    let (inserted_since, scheduled_since) = match unique.counted_from() {
        UniqueTimestamp::InsertedAt => (since.unwrap_or_default(), String::new()),
        UniqueTimestamp::ScheduledAt => (String::new(), since.unwrap_or_default()),
    };
    let params = named_params! {
        ":key": key,
        ":states": json!(unique.counted_states()).to_string(),
        ":inserted_since": inserted_since,
        ":scheduled_since": scheduled_since,
    };
    let mut statement = write.statement(sql::INSERT_JOBS_DUPLICATE)?;
    statement.query_row(params, |row| row.get(0).map(JobId)).optional()
}

fn replace(write: &Write<'_>, job: &Job) -> rusqlite::Result<()> {
    write.statement(sql::INSERT_JOBS_REPLACE)?.execute(named_params! {
        ":id": job.id.0,
        ":args": job.args.to_string(),
        ":meta": json!(job.meta).to_string(),
        ":tags": json!(job.tags).to_string(),
        ":queue": job.queue,
        ":worker": job.worker,
        ":priority": job.priority,
        ":max_attempts": job.max_attempts,
        ":scheduled_at": time::to_text(job.scheduled_at),
    })?;
    Ok(())
}
