use oban_core::{Channel, Job, JobChanges, JobFilter, Result, Schedule, Touched};
use serde_json::Value;

use crate::{
    Postgres,
    bind::{bind_above, bind_filter, moment},
    row,
};

pub(super) async fn cancel(postgres: &Postgres, filter: &JobFilter) -> Result<Vec<Touched>> {
    if filter.is_nothing() {
        return Ok(Vec::new());
    }
    let statement = postgres.query_unnamed(&postgres.sql.cancel_jobs).bind(postgres.now());
    let statement = bind_filter(statement, filter).bind(postgres.prefix.channel(Channel::Signal));
    let rows = postgres.ask("cancel_jobs", bind_above(statement, filter)).await?;
    Ok(row::touched(&rows))
}

pub(super) async fn retry(postgres: &Postgres, filter: &JobFilter) -> Result<Vec<Touched>> {
    if filter.is_nothing() {
        return Ok(Vec::new());
    }
    let statement = postgres.query_unnamed(&postgres.sql.retry_jobs).bind(postgres.now());
    let statement = bind_filter(statement, filter).bind(postgres.prefix.channel(Channel::Insert));
    Ok(row::touched(&postgres.ask("retry_jobs", bind_above(statement, filter)).await?))
}

pub(super) async fn delete(postgres: &Postgres, filter: &JobFilter) -> Result<Vec<Touched>> {
    if filter.is_nothing() {
        return Ok(Vec::new());
    }
    let statement = bind_filter(postgres.query_unnamed(&postgres.sql.delete_jobs), filter);
    Ok(row::touched(&postgres.ask("delete_jobs", bind_above(statement, filter)).await?))
}

pub(super) async fn update(
    postgres: &Postgres,
    filter: &JobFilter,
    changes: &JobChanges,
) -> Result<Vec<Job>> {
    if filter.is_nothing() {
        return Ok(Vec::new());
    }
    // A time of "now" is a delay of nothing, as the job becomes scheduled either way.
    let (scheduled_at, delay) = match changes.schedule {
        Some(Schedule::Now) => (None, Some(0)),
        Some(schedule) => moment(schedule),
        None => (None, None),
    };
    let statement = postgres.query_unnamed(&postgres.sql.update_jobs).bind(postgres.now());
    let statement = bind_filter(statement, filter)
        .bind(changes.args.clone())
        .bind(changes.meta.clone().map(Value::Object))
        .bind(changes.tags.clone())
        .bind(changes.queue.clone())
        .bind(changes.worker.clone())
        .bind(changes.priority)
        .bind(changes.max_attempts.map(|most| i32::try_from(most).unwrap_or(i32::MAX)))
        .bind(scheduled_at)
        .bind(delay);
    Ok(row::jobs(&postgres.ask("update_jobs", bind_above(statement, filter)).await?))
}
