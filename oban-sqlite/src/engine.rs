//! The engine: each call is one transaction on the writer's thread.

mod ack;
mod cron;
mod fetch;
pub(crate) mod insert;
mod operate;
mod prune;
mod queue;
mod rescue;
mod stage;
mod unique;

use async_trait::async_trait;
use oban_core::{
    Ack, Capabilities, Conn, CronCheck, CronChecked, CronInsert, CronTaken, Engine, Error, ErrorKind, Fetch,
    Fetched, Inserted, Job, JobChanges, JobFilter, JobId, NewJob, Position, Prune, QueueChange, QueueMeta,
    QueueSpec, Reclaimed, Reindex, Reindexed, Rescue, Result, Stage, Staged, Touched,
};

use crate::{Sqlite, migrate};

#[async_trait]
impl Engine for Sqlite {
    fn capabilities(&self) -> Capabilities {
        Capabilities { name: "sqlite", takes_connections: false, reindexes: false }
    }

    async fn verify(&self) -> Result<()> {
        migrate::check(self.read("verify", migrate::version).await?)
            .map_err(|error| error.with_context("path", self.path().display()))
    }

    async fn init_queue(&self, spec: &QueueSpec) -> Result<QueueMeta> {
        let spec = spec.clone();
        self.write("init_queue", move |write| {
            let meta = QueueMeta::new(&spec, write.now());
            queue::refresh(write, &meta)?;
            Ok(meta)
        })
        .await
    }

    async fn update_queue(&self, meta: &mut QueueMeta, change: QueueChange) -> Result<()> {
        let mut changed = meta.clone();
        changed.apply(change);
        *meta = self
            .write("update_queue", move |write| {
                queue::update(write, &changed)?;
                Ok(changed)
            })
            .await?;
        Ok(())
    }

    async fn refresh_queues(&self, metas: &[QueueMeta]) -> Result<()> {
        let metas = metas.to_vec();
        self.write("refresh_queues", move |write| {
            metas.iter().try_for_each(|meta| queue::refresh(write, meta))
        })
        .await
    }

    async fn shutdown_queue(&self, meta: &QueueMeta) -> Result<()> {
        let uuid = meta.uuid;
        self.write("shutdown_queue", move |write| queue::shutdown(write, uuid)).await
    }

    async fn insert_jobs(&self, conn: Option<Conn<'_>>, jobs: Vec<NewJob>) -> Result<Vec<Inserted>> {
        if conn.is_some() {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "insert_jobs",
                "a connection to SQLite cannot be handed to another thread; call \
                 oban_sqlite::InsertTx::insert_tx with the rusqlite::Transaction",
            ));
        }
        self.write("insert_jobs", move |write| insert::insert(write, jobs)).await
    }

    async fn fetch_jobs(&self, fetch: Fetch<'_>) -> Result<Fetched> {
        let (meta, demand, acks) = (fetch.queue.clone(), fetch.demand, fetch.acks.to_vec());
        let after = fetch.after.unwrap_or(Position::START);
        self.write("fetch_jobs", move |write| {
            let acked = ack::ack(write, &acks)?;
            let jobs = fetch::fetch(write, &meta, demand, after)?;
            Ok(Fetched { jobs, acked })
        })
        .await
    }

    async fn ack_jobs(&self, acks: &[Ack]) -> Result<Vec<JobId>> {
        let acks = acks.to_vec();
        self.write("ack_jobs", move |write| ack::ack(write, &acks)).await
    }

    async fn reclaim_jobs(&self, meta: &QueueMeta, running: &[JobId]) -> Result<Reclaimed> {
        let (uuid, running) = (meta.uuid, running.to_vec());
        self.write("reclaim_jobs", move |write| queue::reclaim(write, uuid, &running)).await
    }

    async fn stage_jobs(&self, stage: Stage<'_>) -> Result<Staged> {
        let (limit, queues) = (stage.limit, stage.queues.to_vec());
        self.write("stage_jobs", move |write| stage::stage(write, limit, queues)).await
    }

    async fn announce_queues(&self) -> Result<Vec<String>> {
        self.write("announce_queues", stage::announce).await
    }

    async fn rescue_jobs(&self, rescue: Rescue) -> Result<Vec<Touched>> {
        self.write("rescue_jobs", move |write| rescue::rescue(write, rescue)).await
    }

    async fn prune_jobs(&self, prune: Prune) -> Result<Vec<Touched>> {
        self.write("prune_jobs", move |write| prune::prune(write, prune)).await
    }

    async fn check_cron(&self, check: CronCheck<'_>) -> Result<CronChecked> {
        let (instance, entries) = (check.instance.to_owned(), check.entries.to_vec());
        let now = self.now();
        self.read("check_cron", move |conn| cron::check(conn, now, &instance, &entries)).await
    }

    async fn insert_cron_jobs(&self, insert: CronInsert<'_>) -> Result<Vec<CronTaken>> {
        let (instance, runs, keep) = (insert.instance.to_owned(), insert.runs.to_vec(), insert.keep);
        self.write("insert_cron_jobs", move |write| cron::insert(write, &instance, &runs, keep)).await
    }

    async fn reindex(&self, _: &Reindex) -> Result<Reindexed> {
        let message = "SQLite uses freed pages of an index again, and rebuilding one would block all writers";
        Err(Error::new(ErrorKind::Unsupported, "reindex", message))
    }

    async fn cancel_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        let filter = filter.clone();
        self.write("cancel_jobs", move |write| operate::cancel(write, &filter)).await
    }

    async fn retry_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        let filter = filter.clone();
        self.write("retry_jobs", move |write| operate::retry(write, &filter)).await
    }

    async fn delete_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        let filter = filter.clone();
        self.write("delete_jobs", move |write| operate::delete(write, &filter)).await
    }

    async fn update_jobs(&self, filter: &JobFilter, changes: &JobChanges) -> Result<Vec<Job>> {
        let (filter, changes) = (filter.clone(), changes.clone());
        self.write("update_jobs", move |write| operate::update(write, &filter, &changes)).await
    }
}
