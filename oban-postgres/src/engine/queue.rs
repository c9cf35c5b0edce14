use chrono::DateTime;
use oban_core::{Error, ErrorKind, QueueChange, QueueMeta, QueueSpec, Result};
use serde_json::{Value, json};
use sqlx::Row;

use crate::{Postgres, decode::Stamp, row};

pub(super) async fn init(postgres: &Postgres, spec: &QueueSpec) -> Result<QueueMeta> {
    const OPERATION: &str = "init_queue";
    let meta = QueueMeta::new(spec, DateTime::UNIX_EPOCH);
    let statement = postgres
        .query(&postgres.sql.init_queue)
        .bind(postgres.now())
        .bind(meta.uuid)
        .bind(meta.instance.clone())
        .bind(meta.node.clone())
        .bind(meta.queue.clone())
        .bind(settings(&meta));
    let rows = postgres.own.fetch_all(OPERATION, statement).await?;
    let row = rows.first().ok_or_else(|| {
        Error::new(ErrorKind::Store, OPERATION, "the database did not return the registration")
            .with_context("queue", &spec.queue)
    })?;
    let Stamp(started_at) = row.try_get("started_at").map_err(row::unexpected(OPERATION))?;
    Ok(QueueMeta { started_at, ..meta })
}

pub(super) async fn update(postgres: &Postgres, meta: &mut QueueMeta, change: QueueChange) -> Result<()> {
    let mut changed = meta.clone();
    changed.apply(change);
    let statement = postgres.query(&postgres.sql.update_queue).bind(changed.uuid).bind(settings(&changed));
    postgres.own.fetch_all("update_queue", statement).await?;
    *meta = changed;
    Ok(())
}

pub(super) async fn refresh(postgres: &Postgres, metas: &[QueueMeta]) -> Result<()> {
    if metas.is_empty() {
        return Ok(());
    }
    let texts = |field: fn(&QueueMeta) -> &String| metas.iter().map(field).cloned().collect::<Vec<String>>();
    let statement = postgres
        .query(&postgres.sql.refresh_queues)
        .bind(postgres.now())
        .bind(metas.iter().map(|meta| meta.uuid).collect::<Vec<_>>())
        .bind(texts(|meta| &meta.instance))
        .bind(texts(|meta| &meta.node))
        .bind(texts(|meta| &meta.queue))
        .bind(metas.iter().map(settings).collect::<Vec<_>>())
        .bind(metas.iter().map(|meta| meta.started_at.naive_utc()).collect::<Vec<_>>());
    postgres.own.fetch_all("refresh_queues", statement).await?;
    Ok(())
}

pub(super) async fn shutdown(postgres: &Postgres, meta: &QueueMeta) -> Result<()> {
    let statement = postgres.query(&postgres.sql.shutdown_queue).bind(meta.uuid);
    postgres.own.fetch_all("shutdown_queue", statement).await?;
    Ok(())
}

/// The settings in a registration, under the names of Oban for Python.
fn settings(meta: &QueueMeta) -> Value {
    json!({"local_limit": meta.limit, "paused": meta.paused, "draining": meta.draining})
}
