//! The engine: each method of the contract, by its file.

mod ack;
mod cron;
mod fetch;
mod housekeeping;
mod insert;
mod operator;
mod queue;
mod reindex;
mod unique;

use async_trait::async_trait;
use oban_core::{
    Ack, Capabilities, Conn, CronCheck, CronChecked, CronInsert, CronTaken, Engine, Fetch, Fetched, Inserted,
    Job, JobChanges, JobFilter, JobId, NewJob, Prune, QueueChange, QueueMeta, QueueSpec, Reclaimed, Reindex,
    Reindexed, Rescue, Result, Stage, Staged, Touched,
};
use sqlx::PgConnection;

use crate::Postgres;

#[async_trait]
impl Engine for Postgres {
    fn capabilities(&self) -> Capabilities {
        Capabilities { name: "postgres", takes_connections: true, reindexes: self.keeps_sessions() }
    }

    async fn verify(&self) -> Result<()> {
        self.verify_schema().await
    }

    async fn init_queue(&self, spec: &QueueSpec) -> Result<QueueMeta> {
        queue::init(self, spec).await
    }

    async fn update_queue(&self, meta: &mut QueueMeta, change: QueueChange) -> Result<()> {
        queue::update(self, meta, change).await
    }

    async fn refresh_queues(&self, metas: &[QueueMeta]) -> Result<()> {
        queue::refresh(self, metas).await
    }

    async fn shutdown_queue(&self, meta: &QueueMeta) -> Result<()> {
        queue::shutdown(self, meta).await
    }

    async fn insert_jobs(&self, conn: Option<Conn<'_>>, jobs: Vec<NewJob>) -> Result<Vec<Inserted>> {
        match conn {
            Some(conn) => insert::within(self, conn.downcast::<PgConnection>()?, jobs).await,
            None => insert::alone(self, jobs).await,
        }
    }

    async fn fetch_jobs(&self, fetch: Fetch<'_>) -> Result<Fetched> {
        fetch::fetch(self, fetch).await
    }

    async fn ack_jobs(&self, acks: &[Ack]) -> Result<Vec<JobId>> {
        ack::ack(self, acks).await
    }

    async fn reclaim_jobs(&self, meta: &QueueMeta, running: &[JobId]) -> Result<Reclaimed> {
        fetch::reclaim(self, meta, running).await
    }

    async fn stage_jobs(&self, stage: Stage<'_>) -> Result<Staged> {
        housekeeping::stage(self, stage).await
    }

    async fn announce_queues(&self) -> Result<Vec<String>> {
        housekeeping::announce(self).await
    }

    async fn rescue_jobs(&self, rescue: Rescue) -> Result<Vec<Touched>> {
        housekeeping::rescue(self, rescue).await
    }

    async fn prune_jobs(&self, prune: Prune) -> Result<Vec<Touched>> {
        housekeeping::prune(self, prune).await
    }

    async fn check_cron(&self, check: CronCheck<'_>) -> Result<CronChecked> {
        cron::check(self, check).await
    }

    async fn insert_cron_jobs(&self, insert: CronInsert<'_>) -> Result<Vec<CronTaken>> {
        cron::insert(self, insert).await
    }

    async fn reindex(&self, reindex: &Reindex) -> Result<Reindexed> {
        reindex::reindex(self, reindex).await
    }

    async fn cancel_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        operator::cancel(self, filter).await
    }

    async fn retry_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        operator::retry(self, filter).await
    }

    async fn delete_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        operator::delete(self, filter).await
    }

    async fn update_jobs(&self, filter: &JobFilter, changes: &JobChanges) -> Result<Vec<Job>> {
        operator::update(self, filter, changes).await
    }
}
