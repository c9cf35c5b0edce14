//! Registrations of producers, and jobs that were given to one in vain.

use oban_core::{JobId, JobState, QueueMeta, Reclaimed};
use rusqlite::named_params;
use serde_json::json;
use uuid::Uuid;

use super::operate::touch;
use crate::{select::selected, sql, time, writer::Write};

/// Registers a producer, or beats its heart.
pub(super) fn refresh(write: &Write<'_>, meta: &QueueMeta) -> rusqlite::Result<()> {
    store(write, sql::REFRESH_QUEUES, meta)
}

/// Stores a producer's settings.
pub(super) fn update(write: &Write<'_>, meta: &QueueMeta) -> rusqlite::Result<()> {
    store(write, sql::UPDATE_QUEUE, meta)
}

/// Removes a producer's registration.
pub(super) fn shutdown(write: &Write<'_>, uuid: Uuid) -> rusqlite::Result<()> {
    write.statement(sql::SHUTDOWN_QUEUE)?.execute(named_params! { ":uuid": uuid.to_string() })?;
    Ok(())
}

/// Hands back the producer's executing jobs that are not in `running`, and tells which of those are not executing.
pub(super) fn reclaim(write: &mut Write<'_>, uuid: Uuid, running: &[JobId]) -> rusqlite::Result<Reclaimed> {
    let (uuid, running) = (uuid.to_string(), json!(running).to_string());
    let jobs = selected(
        write.statement(sql::RECLAIM_JOBS_SELECT)?,
        named_params! { ":uuid": uuid, ":running": running },
    )?;
    let gone = write
        .statement(sql::RECLAIM_JOBS_GONE)?
        .query_map(named_params! { ":uuid": uuid, ":running": running }, |row| row.get(0).map(JobId))?
        .collect::<Result<_, _>>()?;
    let mut statement = write.statement(sql::RECLAIM_JOBS)?;
    for job in &jobs {
        statement.execute(named_params! { ":id": job.id.0 })?;
    }
    Ok(Reclaimed { jobs: touch(write, jobs, Some(JobState::Available))?, gone })
}

fn store(write: &Write<'_>, sql: &str, meta: &QueueMeta) -> rusqlite::Result<()> {
    let settings = json!({ "limit": meta.limit, "paused": meta.paused, "draining": meta.draining });
    write.statement(sql)?.execute(named_params! {
        ":uuid": meta.uuid.to_string(),
        ":name": meta.instance,
        ":node": meta.node,
        ":queue": meta.queue,
        ":meta": settings.to_string(),
        ":started_at": time::to_text(meta.started_at),
        ":now": time::to_text(write.now()),
    })?;
    Ok(())
}
