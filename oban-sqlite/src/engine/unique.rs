//! New jobs that may be there already.

use std::collections::HashMap;

use oban_core::{Inserted, Job, JobState, NewJob, Unique, UniqueTimestamp};
use rusqlite::named_params;

use crate::{row, sql, time, writer::Write};

/// A stored job that a new one is a duplicate of, with what it took over from it.
pub(super) struct Duplicate {
    pub(super) job: Job,
    /// The queue it can be fetched from now, and could not before.
    pub(super) moved_to: Option<String>,
}

/// What the last unique job of each key in a call became or met: those like it need not look again.
pub(super) struct Earlier(HashMap<String, (Unique, usize)>);

impl Earlier {
    /// Of a call with as many jobs.
    pub(super) fn of(jobs: usize) -> Self {
        Self(HashMap::with_capacity(jobs))
    }

    /// The stored job that this one is a duplicate of, if any, given the answers before it.
    pub(super) fn duplicate(
        &self,
        write: &Write<'_>,
        key: &str,
        new: &NewJob,
        answers: &[Inserted],
    ) -> rusqlite::Result<Option<Duplicate>> {
        if let Some((unique, answer)) = self.0.get(key)
            && new.replace.is_empty()
            && new.unique.as_ref() == Some(unique)
            && unique.meets(&answers[*answer])
        {
            return Ok(Some(Duplicate { job: answers[*answer].job.clone(), moved_to: None }));
        }
        duplicate(write, key, new)
    }

    /// Takes in what a job of this key, unique in this way, is answered. `None`: it may have replaced what others met.
    pub(super) fn remember(&mut self, key: String, unique: Option<Unique>, answer: usize) {
        match unique {
            Some(unique) => drop(self.0.insert(key, (unique, answer))),
            None => drop(self.0.remove(&key)),
        }
    }
}

/// The stored job that this one is a duplicate of, if any. The transaction keeps every other writer out, so nothing can
/// come between the look and what follows.
fn duplicate(write: &Write<'_>, key: &str, new: &NewJob) -> rusqlite::Result<Option<Duplicate>> {
    let Some(stored) = find(write, key, new)? else { return Ok(None) };
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

fn find(write: &Write<'_>, key: &str, new: &NewJob) -> rusqlite::Result<Option<Job>> {
    let Some(unique) = &new.unique else { return Ok(None) };
    let mut known = write.statement(sql::INSERT_JOBS_KNOWN)?;
    let ids = known.query_map(named_params! { ":key": key }, |row| row.get(0))?;
    match ids.collect::<rusqlite::Result<Vec<i64>>>()?[..] {
        [] => Ok(None),
        [id] => {
            let stored: Vec<Job> =
                row::jobs(&mut write.statement(sql::LIST_JOBS)?, named_params! { ":id": id })?;
            Ok(stored.into_iter().find(|stored| unique.counts(stored, write.now())))
        }
        [..] => oldest(write, key, unique),
    }
}

fn oldest(write: &Write<'_>, key: &str, unique: &Unique) -> rusqlite::Result<Option<Job>> {
    let since = unique.counted_period().map(|period| time::to_text(time::before(write.now(), period)));
    // An empty text is before any time.
    let (inserted_since, scheduled_since) = match unique.counted_from() {
        UniqueTimestamp::InsertedAt => (since.unwrap_or_default(), String::new()),
        UniqueTimestamp::ScheduledAt => (String::new(), since.unwrap_or_default()),
    };
    let params = named_params! {
        ":key": key,
        ":states": row::to_json(&unique.counted_states())?,
        ":inserted_since": inserted_since,
        ":scheduled_since": scheduled_since,
    };
    Ok(row::jobs(&mut write.statement(sql::INSERT_JOBS_DUPLICATE)?, params)?.pop())
}

fn replace(write: &Write<'_>, job: &Job) -> rusqlite::Result<()> {
    write.statement(sql::INSERT_JOBS_REPLACE)?.execute(named_params! {
        ":id": job.id.0,
        ":args": job.args.to_string(),
        ":meta": row::to_json(&job.meta)?,
        ":tags": row::to_json(&job.tags)?,
        ":queue": job.queue,
        ":worker": job.worker,
        ":priority": job.priority,
        ":max_attempts": job.max_attempts,
        ":scheduled_at": time::to_text(job.scheduled_at),
    })?;
    Ok(())
}
