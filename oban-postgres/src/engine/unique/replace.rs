//! What stored jobs take over from their duplicates.

use std::collections::HashSet;

use oban_core::{Channel, Job, JobId, JobState, Result};
use sqlx::PgConnection;

use crate::{
    Postgres,
    bind::text_array,
    encode::Jsonb,
    engine::insert::{
        hints,
        plain::CHUNK,
        terms::{OPERATION, Terms},
    },
    row,
};

/// A stored job as it was found, and as it is to be.
pub(super) struct Replacement {
    pub(super) stored: Job,
    pub(super) job: Job,
}

/// Writes these, except those that are not in the state any more that they were found in. Returns the ids of those that
/// were written.
pub(super) async fn replace(
    postgres: &Postgres,
    conn: &mut PgConnection,
    replacements: &[Replacement],
    terms: Terms,
) -> Result<HashSet<JobId>> {
    let mut replaced = HashSet::with_capacity(replacements.len());
    for chunk in replacements.chunks(CHUNK) {
        let statement = postgres
            .query(&postgres.sql.insert_jobs_replace)
            .bind(column(chunk, |job| job.id.0))
            .bind(chunk.iter().map(|replacement| replacement.stored.state.as_str()).collect::<Vec<_>>())
            .bind(column(chunk, |job| Jsonb(&job.args)))
            .bind(column(chunk, |job| Jsonb(&job.meta)))
            .bind(column(chunk, |job| text_array(&job.tags)))
            .bind(column(chunk, |job| job.queue.as_str()))
            .bind(column(chunk, |job| job.worker.as_str()))
            .bind(column(chunk, |job| job.priority))
            .bind(column(chunk, |job| i32::try_from(job.max_attempts).unwrap_or(i32::MAX)))
            .bind(column(chunk, |job| job.scheduled_at.naive_utc()));
        for row in terms.hold(statement.fetch_all(&mut *conn)).await? {
            replaced.insert(row::id(&row).map_err(row::unexpected(OPERATION))?);
        }
    }
    announce(postgres, conn, replacements, &replaced, terms).await?;
    Ok(replaced)
}

fn column<'a, T>(chunk: &'a [Replacement], value: impl Fn(&'a Job) -> T) -> Vec<T> {
    chunk.iter().map(|replacement| value(&replacement.job)).collect()
}

/// The queues that available jobs were moved to hear of it.
async fn announce(
    postgres: &Postgres,
    conn: &mut PgConnection,
    replacements: &[Replacement],
    replaced: &HashSet<JobId>,
    terms: Terms,
) -> Result<()> {
    let moved = replacements.iter().filter(|Replacement { stored, job }| {
        replaced.contains(&job.id) && job.state == JobState::Available && job.queue != stored.queue
    });
    let payloads = hints::of_queues(moved.map(|replacement| replacement.job.queue.as_str()));
    if payloads.is_empty() {
        return Ok(());
    }
    let statement =
        postgres.query(&postgres.sql.notify).bind(postgres.prefix.channel(Channel::Insert)).bind(payloads);
    terms.hold(statement.execute(conn)).await.map(drop)
}
