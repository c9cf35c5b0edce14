//! `graphile_worker`, Graphile Worker in Rust. Finished rows are deleted.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use async_trait::async_trait;
use graphile_worker::{
    IntoTaskHandlerResult, JobSpec, LocalQueueConfig, TaskHandler, Worker, WorkerContext, WorkerOptions,
    WorkerUtils,
};
use harness::{Node, System, probe};
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::task::JoinSet;

use crate::settings::Settings;

/// "If it is not set, the default schema is `graphile_worker`" (worker options).
const SCHEMA: &str = "graphile_worker";
/// "The default is `20`", of `max_pg_conn` (worker options).
const CONNECTIONS: u32 = 20;

struct Graphile {
    pool: PgPool,
    utils: WorkerUtils,
    settings: Settings,
}

#[derive(Clone, Deserialize, Serialize)]
struct Noop {}

pub(crate) async fn open(url: String, settings: Settings) -> Result<Box<dyn System>> {
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).connect(&url).await?;
    let utils = WorkerUtils::new(pool.clone(), SCHEMA);
    Ok(Box::new(Graphile { pool, utils, settings }))
}

fn options(settings: Settings) -> WorkerOptions {
    // Otherwise the program could not be interrupted.
    let options = WorkerOptions::default().listen_os_shutdown_signals(false);
    match settings {
        Settings::Defaults => options,
        Settings::Tuned => options
            // "Use it when many small jobs make database fetch overhead noticeable"; several of them "can improve
            // throughput for very small, high-volume jobs" (local queue).
            .local_queue(LocalQueueConfig::default().with_size(500).with_queue_count(4))
            // "This reduces the number of SQL round trips and can significantly improve throughput. … A small value
            // like 1-5ms is recommended" (`WorkerOptions::complete_job_batch_delay`).
            .complete_job_batch_delay(Duration::from_millis(1)),
    }
}

#[async_trait]
impl System for Graphile {
    async fn migrate(&self) -> Result<()> {
        Ok(self.utils.migrate().await?)
    }

    async fn insert(&self) -> Result<()> {
        self.utils.add_job(Noop {}, JobSpec::default()).await?;
        Ok(())
    }

    async fn insert_tx(&self) -> Option<Result<()>> {
        Some(self.insert_in_transaction().await)
    }

    async fn insert_bulk(&self, count: usize) -> Result<()> {
        let spec = JobSpec::default();
        self.utils.add_jobs(&vec![(Noop {}, &spec); count]).await?;
        Ok(())
    }

    async fn start(&self, limit: usize) -> Result<Box<dyn Node>> {
        let options =
            options(self.settings).pg_pool(self.pool.clone()).concurrency(limit).define_job::<Noop>();
        let worker = Arc::new(options.init().await?);
        let mut task = JoinSet::new();
        task.spawn({
            let worker = Arc::clone(&worker);
            async move { Ok(worker.run().await?) }
        });
        Ok(Box::new(Running { worker, task }))
    }

    async fn is_done(&self) -> Result<bool> {
        Ok(sqlx::query_scalar(include_str!("../sql/graphile_is_done.sql")).fetch_one(&self.pool).await?)
    }
}

impl Graphile {
    async fn insert_in_transaction(&self) -> Result<()> {
        let mut tx = self.pool.begin().await?;
        self.utils.clone().with_executor(&mut tx).add_job(Noop {}, JobSpec::default()).await?;
        Ok(tx.commit().await?)
    }
}

impl TaskHandler for Noop {
    const IDENTIFIER: &'static str = "noop";

    async fn run(self, _: WorkerContext) -> impl IntoTaskHandlerResult {
        probe::reached();
        Ok::<(), String>(())
    }
}

struct Running {
    worker: Arc<Worker>,
    task: JoinSet<Result<()>>,
}

#[async_trait]
impl Node for Running {
    async fn stop(self: Box<Self>) -> Result<()> {
        self.worker.request_shutdown();
        self.task.join_all().await.into_iter().collect()
    }
}
