//! `riverqueue`, the Rust client of River. Finished rows stay.

use std::{convert::Infallible, time::Duration};

use anyhow::Result;
use async_trait::async_trait;
use harness::{Node, System, probe};
use riverqueue::{
    Client, ClientBuilder, Job, JobArgs, QUEUE_DEFAULT, QueueConfig, RunHandle, WorkContext, WorkOutcome,
    Workers, database, migrate::PostgresMigrator,
};
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, postgres::PgPoolOptions};

use crate::settings::Settings;

struct Riverqueue {
    pool: PgPool,
    inserting: Client,
    settings: Settings,
}

#[derive(Deserialize, JobArgs, Serialize)]
#[river(kind = "noop")]
struct Noop {}

pub(crate) async fn open(url: String, settings: Settings) -> Result<Box<dyn System>> {
    let pool = match settings {
        Settings::Defaults => PgPool::connect(&url).await?,
        // `riverqueue bench --help`: "SQLx pool size (default: 50)".
        Settings::Tuned => PgPoolOptions::new().max_connections(50).connect(&url).await?,
    };
    let inserting = builder(&pool, settings).build()?;
    Ok(Box::new(Riverqueue { pool, inserting, settings }))
}

fn builder(pool: &PgPool, settings: Settings) -> ClientBuilder {
    let builder = Client::builder(pool.clone());
    match settings {
        Settings::Defaults => builder,
        // `ClientBuilder::fetch_cooldown`: "Throughput is limited by this value", and "It also paces insert
        // notifications". So long is what `riverqueue bench` takes.
        Settings::Tuned => builder.fetch_cooldown(Duration::from_millis(2)),
    }
}

fn queue(limit: usize, settings: Settings) -> QueueConfig {
    let queue = QueueConfig::new(limit);
    match settings {
        Settings::Defaults => queue,
        // `ClientBuilder::fetch_cooldown`: a job whose notification was skipped "may wait for the queue's fetch poll
        // interval". So long is what `riverqueue bench` takes.
        Settings::Tuned => queue.with_fetch_poll_interval(Duration::from_millis(20)),
    }
}

#[async_trait]
impl System for Riverqueue {
    async fn migrate(&self) -> Result<()> {
        PostgresMigrator::new(self.pool.clone()).migrate_up().await?;
        Ok(())
    }

    async fn insert(&self) -> Result<()> {
        self.inserting.insert(Noop {}).await?;
        Ok(())
    }

    async fn insert_tx(&self) -> Option<Result<()>> {
        Some(self.insert_in_transaction().await)
    }

    async fn insert_bulk(&self, count: usize) -> Result<()> {
        self.inserting.insert_many((0..count).map(|_| Noop {})).await?;
        Ok(())
    }

    async fn start(&self, limit: usize) -> Result<Box<dyn Node>> {
        let mut workers = Workers::new();
        workers.add_fn(work)?;
        let client = builder(&self.pool, self.settings)
            .workers(workers)
            .queue(QUEUE_DEFAULT, queue(limit, self.settings))
            .build()?;
        let mut run = client.start()?;
        run.wait_ready().await?;
        Ok(Box::new(Running(run)))
    }

    async fn is_done(&self) -> Result<bool> {
        Ok(sqlx::query_scalar(include_str!("../sql/riverqueue_is_done.sql")).fetch_one(&self.pool).await?)
    }
}

impl Riverqueue {
    async fn insert_in_transaction(&self) -> Result<()> {
        let mut tx = database::begin_postgres(&self.pool).await?;
        self.inserting.insert(Noop {}).tx(&mut tx).await?;
        Ok(tx.commit().await?)
    }
}

async fn work(_: WorkContext, _: Job<Noop>) -> Result<WorkOutcome, Infallible> {
    probe::reached();
    Ok(WorkOutcome::Complete)
}

struct Running(RunHandle);

#[async_trait]
impl Node for Running {
    async fn stop(mut self: Box<Self>) -> Result<()> {
        Ok(self.0.stop().await?)
    }
}
