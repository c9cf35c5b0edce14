//! What people do to jobs.

use oban_core::{Channel, Job, JobChanges, JobFilter, JobState, Schedule, Touched};
use rusqlite::named_params;
use serde_json::json;

use crate::{
    row,
    select::{Selected, select},
    sql, time,
    writer::Write,
};

const UNFINISHED: [JobState; 5] =
    [JobState::Suspended, JobState::Scheduled, JobState::Available, JobState::Executing, JobState::Retryable];
const RETRYABLE: [JobState; 6] = [
    JobState::Suspended,
    JobState::Scheduled,
    JobState::Retryable,
    JobState::Completed,
    JobState::Discarded,
    JobState::Cancelled,
];
const AT_REST: [JobState; 7] = [
    JobState::Suspended,
    JobState::Scheduled,
    JobState::Available,
    JobState::Retryable,
    JobState::Completed,
    JobState::Discarded,
    JobState::Cancelled,
];
const WAITING: [JobState; 3] = [JobState::Scheduled, JobState::Available, JobState::Retryable];

/// Cancels the selected jobs that are not finished, and tells whoever runs them.
pub(super) fn cancel(write: &mut Write<'_>, filter: &JobFilter) -> rusqlite::Result<Vec<Touched>> {
    let jobs = select(write.conn(), filter, &UNFINISHED)?;
    let mut statement = write.statement(sql::CANCEL_JOBS)?;
    let now = time::to_text(write.now());
    for job in &jobs {
        statement.execute(named_params! { ":id": job.id.0, ":now": now })?;
        if job.state == JobState::Executing {
            write.notify(Channel::Signal, &json!({ "action": "pkill", "job_id": job.id }))?;
        }
    }
    touch(write, jobs, Some(JobState::Cancelled))
}

/// Makes the selected jobs available again.
pub(super) fn retry(write: &mut Write<'_>, filter: &JobFilter) -> rusqlite::Result<Vec<Touched>> {
    let jobs = select(write.conn(), filter, &RETRYABLE)?;
    let mut statement = write.statement(sql::RETRY_JOBS)?;
    let now = time::to_text(write.now());
    for job in &jobs {
        statement.execute(named_params! { ":id": job.id.0, ":now": now })?;
    }
    touch(write, jobs, Some(JobState::Available))
}

/// Deletes the selected jobs that do not run.
pub(super) fn delete(write: &mut Write<'_>, filter: &JobFilter) -> rusqlite::Result<Vec<Touched>> {
    let jobs = select(write.conn(), filter, &AT_REST)?;
    let mut statement = write.statement(sql::DELETE_JOBS)?;
    for job in &jobs {
        statement.execute(named_params! { ":id": job.id.0 })?;
    }
    touch(write, jobs, None)
}

/// Gives the selected jobs new values and returns their rows.
pub(super) fn update(
    write: &Write<'_>,
    filter: &JobFilter,
    changes: &JobChanges,
) -> rusqlite::Result<Vec<Job>> {
    let states = if changes.schedule.is_some() { WAITING.as_slice() } else { &JobState::ALL };
    let selected = select(write.conn(), filter, states)?;
    let scheduled_at = changes.schedule.map(|schedule| match schedule {
        Schedule::Now => write.now(),
        Schedule::At(at) => time::truncate(at),
        Schedule::In(period) => time::after(write.now(), period.as_duration()),
    });
    let args = changes.args.as_ref().map(ToString::to_string);
    let meta = changes.meta.as_ref().map(|meta| json!(meta).to_string());
    let tags = changes.tags.as_ref().map(|tags| json!(tags).to_string());
    let scheduled_at = scheduled_at.map(time::to_text);

    let mut statement = write.statement(sql::UPDATE_JOBS)?;
    let mut jobs = Vec::with_capacity(selected.len());
    for job in selected {
        let params = named_params! {
            ":id": job.id.0,
            ":args": args,
            ":meta": meta,
            ":tags": tags,
            ":queue": changes.queue,
            ":worker": changes.worker,
            ":priority": changes.priority,
            ":max_attempts": changes.max_attempts,
            ":scheduled_at": scheduled_at,
        };
        jobs.extend(row::jobs(&mut statement, params)?);
    }
    Ok(jobs)
}

/// Reports what became of jobs, and announces the queues of those that became available.
pub(super) fn touch(
    write: &mut Write<'_>,
    jobs: Vec<Selected>,
    after: Option<JobState>,
) -> rusqlite::Result<Vec<Touched>> {
    if after == Some(JobState::Available) {
        write.announce(jobs.iter().map(|job| job.queue.as_str()))?;
    }
    Ok(jobs
        .into_iter()
        .map(|job| Touched { id: job.id, queue: job.queue, before: job.state, after })
        .collect())
}
