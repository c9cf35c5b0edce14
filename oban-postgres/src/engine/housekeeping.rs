use oban_core::{Channel, Prune, Rescue, Result, Stage, Staged, Touched};
use sqlx::{Row, postgres::PgRow};

use crate::{
    Postgres,
    bind::{bounded, micros},
    row,
};

pub(super) async fn stage(postgres: &Postgres, stage: Stage<'_>) -> Result<Staged> {
    const OPERATION: &str = "stage_jobs";
    let statement = postgres
        .query(&postgres.sql.stage_jobs)
        .bind(postgres.now())
        .bind(bounded(stage.limit))
        .bind(postgres.prefix.channel(Channel::Insert))
        .bind(stage.queues.to_vec());
    let rows = postgres.own.fetch_all(OPERATION, statement).await?;
    let (staged, known): (Vec<PgRow>, Vec<PgRow>) = rows.into_iter().partition(|row| row::id(row).is_ok());
    let mut queues = known
        .iter()
        .map(|row| row.try_get("queue"))
        .collect::<Result<Vec<String>, _>>()
        .map_err(row::unexpected(OPERATION))?;
    queues.sort();
    queues.dedup();
    Ok(Staged { jobs: row::touched(&staged), queues })
}

pub(super) async fn announce(postgres: &Postgres) -> Result<Vec<String>> {
    const OPERATION: &str = "announce_queues";
    let statement =
        postgres.query(&postgres.sql.announce_queues).bind(postgres.prefix.channel(Channel::Insert));
    let rows = postgres.own.fetch_all(OPERATION, statement).await?;
    let queues: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get("queue")).collect();
    let mut queues = queues.map_err(row::unexpected(OPERATION))?;
    queues.sort_unstable();
    Ok(queues)
}

pub(super) async fn rescue(postgres: &Postgres, rescue: Rescue) -> Result<Vec<Touched>> {
    let statement = postgres
        .query(&postgres.sql.rescue_jobs)
        .bind(postgres.now())
        .bind(postgres.prefix.channel(Channel::Insert))
        .bind(micros(rescue.stale_after))
        .bind(micros(rescue.rescue_after))
        .bind(bounded(rescue.limit));
    Ok(row::touched(&postgres.own.fetch_all("rescue_jobs", statement).await?))
}

pub(super) async fn prune(postgres: &Postgres, prune: Prune) -> Result<Vec<Touched>> {
    let statement = postgres
        .query(&postgres.sql.prune_jobs)
        .bind(postgres.now())
        .bind(prune.completed_after.map(micros))
        .bind(prune.cancelled_after.map(micros))
        .bind(prune.discarded_after.map(micros))
        .bind(bounded(prune.limit));
    Ok(row::touched(&postgres.own.fetch_all("prune_jobs", statement).await?))
}
