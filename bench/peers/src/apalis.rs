//! `apalis` on `apalis-postgres`. Finished rows stay.

use std::time::Duration;

use anyhow::Result;
use apalis::layers::WorkerBuilderExt;
use apalis_core::{
    backend::{TaskSink, ext::BackendExt},
    task::builder::TaskBuilder,
    worker::{builder::WorkerBuilder, context::WorkerContext},
};
use apalis_postgres::{Config, PostgresStorage, queries};
use async_trait::async_trait;
use harness::{Node, System, probe};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use tokio::task::JoinSet;

use crate::settings::Settings;

const QUEUE: &str = "noop";

struct Apalis {
    pool: PgPool,
    settings: Settings,
}

#[derive(Deserialize, Serialize)]
struct Noop {}

pub(crate) async fn open(url: String, settings: Settings) -> Result<Box<dyn System>> {
    Ok(Box::new(Apalis { pool: PgPool::connect(&url).await?, settings }))
}

fn config(settings: Settings) -> Config {
    let config = Config::default().queue(QUEUE);
    match settings {
        Settings::Defaults => config,
        // `Config::batch_size`: "Larger batches can improve throughput by reducing the number of queue operations".
        // Results are written once a batch, too.
        Settings::Tuned => config.batch_size(500),
    }
}

/// How many jobs each worker may run at once, for `limit` in all.
fn shares(limit: usize, settings: Settings) -> Vec<usize> {
    match settings {
        Settings::Defaults => vec![limit],
        // `Monitor`: several workers of one queue are "useful when you want to run several workers with the same
        // configuration": one fetches while the other writes results.
        Settings::Tuned => [limit / 2, limit.div_ceil(2)].into_iter().filter(|share| *share > 0).collect(),
    }
}

#[async_trait]
impl System for Apalis {
    async fn migrate(&self) -> Result<()> {
        Ok(PostgresStorage::setup(&self.pool).await?)
    }

    async fn insert(&self) -> Result<()> {
        Ok(self.storage().push(Noop {}).await?)
    }

    async fn insert_tx(&self) -> Option<Result<()>> {
        Some(self.insert_in_transaction().await)
    }

    async fn insert_bulk(&self, count: usize) -> Result<()> {
        Ok(self.storage().push_bulk((0..count).map(|_| Noop {}).collect()).await?)
    }

    async fn start(&self, limit: usize) -> Result<Box<dyn Node>> {
        let mut running = Running { contexts: Vec::new(), workers: JoinSet::new() };
        for (number, share) in shares(limit, self.settings).into_iter().enumerate() {
            let context = WorkerContext::new(&format!("worker-{number}"));
            // The quick start's storage without pubsub would see a new job at its next heartbeat, in 30 seconds. The
            // interval is the one of the pubsub example.
            let storage = self.storage().with_pubsub().poll_with_interval(Duration::from_secs(5));
            let worker = WorkerBuilder::new(&context).backend(storage).concurrency(share).build(work);
            running.contexts.push(context);
            running.workers.spawn(async move { Ok(worker.run().await?) });
        }
        Ok(Box::new(running))
    }

    async fn is_done(&self) -> Result<bool> {
        Ok(sqlx::query_scalar(include_str!("../sql/apalis_is_done.sql")).fetch_one(&self.pool).await?)
    }
}

impl Apalis {
    fn storage(&self) -> PostgresStorage<Noop> {
        PostgresStorage::new(&self.pool).with_config(config(self.settings))
    }

    async fn insert_in_transaction(&self) -> Result<()> {
        let mut tx = self.pool.begin().await?;
        let task = TaskBuilder::new(serde_json::to_vec(&Noop {})?).build();
        queries::push_tasks(&mut *tx, QUEUE, vec![task]).await?;
        Ok(tx.commit().await?)
    }
}

async fn work(_: Noop) {
    probe::reached();
}

struct Running {
    contexts: Vec<WorkerContext>,
    workers: JoinSet<Result<()>>,
}

#[async_trait]
impl Node for Running {
    async fn stop(self: Box<Self>) -> Result<()> {
        for context in &self.contexts {
            context.stop()?;
        }
        self.workers.join_all().await.into_iter().collect()
    }
}
