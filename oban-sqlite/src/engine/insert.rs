//! New jobs.

use chrono::{DateTime, Utc};
use oban_core::{Inserted, Job, JobId, JobState, NewJob};
use rusqlite::named_params;

use super::unique::Earlier;
use crate::{row, sql, time, writer::Write};

/// Stores the jobs, except duplicates, and announces the queues that have available jobs now. The caller rolls back when
/// it fails.
pub(crate) fn insert(write: &mut Write<'_>, jobs: Vec<NewJob>) -> rusqlite::Result<Vec<Inserted>> {
    let mut statement = write.statement(sql::INSERT_JOBS)?;
    let now = time::to_text(write.now());
    let mut inserted = Vec::with_capacity(jobs.len());
    let mut moved = Vec::new();
    let mut earlier = Earlier::of(jobs.iter().filter(|job| job.unique.is_some()).count());
    for mut new in jobs {
        let key = new.sign();
        let duplicate = match &key {
            Some(key) => earlier.duplicate(write, key, &new, &inserted)?,
            None => None,
        };
        let unique = new.unique.take().filter(|_| new.replace.is_empty());
        let answer = inserted.len();
        match duplicate {
            Some(duplicate) => {
                moved.extend(duplicate.moved_to);
                inserted.push(Inserted::conflict(duplicate.job));
            }
            None => {
                let mut job = unsaved(new, write.now());
                statement.execute(named_params! {
                    ":state": job.state.as_str(),
                    ":queue": job.queue,
                    ":worker": job.worker,
                    ":args": job.args.to_string(),
                    ":meta": row::to_json(&job.meta)?,
                    ":tags": row::to_json(&job.tags)?,
                    ":priority": job.priority,
                    ":max_attempts": job.max_attempts,
                    ":now": now,
                    ":scheduled_at": time::to_text(job.scheduled_at),
                    ":unique_key": key,
                })?;
                job.id = JobId(write.conn().last_insert_rowid());
                inserted.push(Inserted::new(job));
            }
        }
        if let Some(key) = key {
            earlier.remember(key, unique, answer);
        }
    }
    let available = inserted.iter().filter(|job| !job.conflict && job.state == JobState::Available);
    let queues = available.map(|job| job.queue.as_str()).chain(moved.iter().map(String::as_str));
    write.announce(queues)?;
    Ok(inserted)
}

/// The row as it will be stored: reading it back would double the work.
fn unsaved(new: NewJob, now: DateTime<Utc>) -> Job {
    let scheduled_at = time::due_at(new.schedule, now);
    Job {
        state: new.state(),
        queue: new.queue,
        worker: new.worker,
        args: new.args,
        meta: new.meta,
        tags: new.tags,
        max_attempts: new.max_attempts,
        priority: new.priority,
        inserted_at: now,
        scheduled_at,
        ..Job::default()
    }
}
