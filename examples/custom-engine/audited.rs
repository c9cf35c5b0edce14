//! An engine around another one.

use std::{io, path::Path};

use async_trait::async_trait;
use oban::{
    Ack, Capabilities, Channel, Conn, CronCheck, CronChecked, CronInsert, CronTaken, Engine, Fetch, Fetched,
    Inserted, Inspect, Job, JobChanges, JobCount, JobFilter, JobId, Lease, NewJob, Notifier, Peer, Prune,
    QueueChange, QueueMeta, QueueSpec, Reclaimed, Reindex, Reindexed, Rescue, Result, Stage, Staged,
    Subscription, Touched,
};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::trail::{Entry, Trail};

/// Does what the inner engine does, and writes down every change of a job's state.
#[derive(Debug)]
pub(crate) struct Audited<E> {
    inner: E,
    trail: Trail,
}

impl<E> Audited<E> {
    /// Appends to the file at `path`.
    pub(crate) fn new(inner: E, path: impl AsRef<Path>) -> io::Result<Self> {
        Ok(Self { inner, trail: Trail::open(path.as_ref())? })
    }

    fn touched(&self, operation: &'static str, touched: Vec<Touched>) -> Vec<Touched> {
        self.trail.write(operation, touched.iter().map(Entry::touched));
        touched
    }
}

/// No method has a default: one that is forgotten here does not compile.
#[async_trait]
impl<E: Engine> Engine for Audited<E> {
    fn capabilities(&self) -> Capabilities {
        Capabilities { name: "audited", ..self.inner.capabilities() }
    }

    async fn verify(&self) -> Result<()> {
        self.inner.verify().await
    }

    async fn init_queue(&self, spec: &QueueSpec) -> Result<QueueMeta> {
        self.inner.init_queue(spec).await
    }

    async fn update_queue(&self, meta: &mut QueueMeta, change: QueueChange) -> Result<()> {
        self.inner.update_queue(meta, change).await
    }

    async fn refresh_queues(&self, metas: &[QueueMeta]) -> Result<()> {
        self.inner.refresh_queues(metas).await
    }

    async fn shutdown_queue(&self, meta: &QueueMeta) -> Result<()> {
        self.inner.shutdown_queue(meta).await
    }

    /// In a caller's transaction it is written down although the caller may still roll back.
    async fn insert_jobs(&self, conn: Option<Conn<'_>>, jobs: Vec<NewJob>) -> Result<Vec<Inserted>> {
        let operation = if conn.is_some() { "insert_in_transaction" } else { "insert" };
        let inserted = self.inner.insert_jobs(conn, jobs).await?;
        self.trail.write(operation, inserted.iter().map(|inserted| Entry::written(&inserted.job)));
        Ok(inserted)
    }

    async fn fetch_jobs(&self, fetch: Fetch<'_>) -> Result<Fetched> {
        let fetched = self.inner.fetch_jobs(fetch).await?;
        self.trail.write("ack", Entry::acked(fetch.acks, &fetched.acked));
        self.trail.write("fetch", fetched.jobs.iter().map(|job| Entry::fetched(job)));
        Ok(fetched)
    }

    async fn ack_jobs(&self, acks: &[Ack]) -> Result<Vec<JobId>> {
        let taken = self.inner.ack_jobs(acks).await?;
        self.trail.write("ack", Entry::acked(acks, &taken));
        Ok(taken)
    }

    async fn reclaim_jobs(&self, meta: &QueueMeta, running: &[JobId]) -> Result<Reclaimed> {
        let Reclaimed { jobs, gone } = self.inner.reclaim_jobs(meta, running).await?;
        Ok(Reclaimed { jobs: self.touched("reclaim", jobs), gone })
    }

    async fn stage_jobs(&self, stage: Stage<'_>) -> Result<Staged> {
        let staged = self.inner.stage_jobs(stage).await?;
        self.trail.write("stage", staged.jobs.iter().map(Entry::touched));
        Ok(staged)
    }

    async fn announce_queues(&self) -> Result<Vec<String>> {
        self.inner.announce_queues().await
    }

    async fn rescue_jobs(&self, rescue: Rescue) -> Result<Vec<Touched>> {
        Ok(self.touched("rescue", self.inner.rescue_jobs(rescue).await?))
    }

    async fn prune_jobs(&self, prune: Prune) -> Result<Vec<Touched>> {
        Ok(self.touched("prune", self.inner.prune_jobs(prune).await?))
    }

    async fn check_cron(&self, check: CronCheck<'_>) -> Result<CronChecked> {
        self.inner.check_cron(check).await
    }

    async fn insert_cron_jobs(&self, insert: CronInsert<'_>) -> Result<Vec<CronTaken>> {
        let taken = self.inner.insert_cron_jobs(insert).await?;
        let inserted = taken.iter().filter_map(|taken| taken.inserted.as_ref());
        self.trail.write("insert_cron", inserted.map(|inserted| Entry::written(&inserted.job)));
        Ok(taken)
    }

    async fn reindex(&self, reindex: &Reindex) -> Result<Reindexed> {
        self.inner.reindex(reindex).await
    }

    async fn cancel_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        Ok(self.touched("cancel", self.inner.cancel_jobs(filter).await?))
    }

    async fn retry_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        Ok(self.touched("retry", self.inner.retry_jobs(filter).await?))
    }

    async fn delete_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        Ok(self.touched("delete", self.inner.delete_jobs(filter).await?))
    }

    async fn update_jobs(&self, filter: &JobFilter, changes: &JobChanges) -> Result<Vec<Job>> {
        let updated = self.inner.update_jobs(filter, changes).await?;
        self.trail.write("update", updated.iter().map(Entry::written));
        Ok(updated)
    }
}

#[async_trait]
impl<E: Engine> Inspect for Audited<E> {
    async fn list_jobs(&self, filter: &JobFilter) -> Result<Vec<Job>> {
        self.inner.list_jobs(filter).await
    }

    async fn count_jobs(&self, filter: &JobFilter) -> Result<Vec<JobCount>> {
        self.inner.count_jobs(filter).await
    }
}

#[async_trait]
impl<E: Engine> Notifier for Audited<E> {
    fn listen(&self, channels: &[Channel]) -> Subscription {
        self.inner.listen(channels)
    }

    async fn notify(&self, channel: Channel, payloads: &[Value]) -> Result<()> {
        self.inner.notify(channel, payloads).await
    }

    async fn run(&self, shutdown: CancellationToken) -> Result<()> {
        self.inner.run(shutdown).await
    }
}

#[async_trait]
impl<E: Engine> Peer for Audited<E> {
    async fn campaign(&self, lease: &Lease) -> Result<bool> {
        self.inner.campaign(lease).await
    }

    async fn resign(&self, lease: &Lease) -> Result<()> {
        self.inner.resign(lease).await
    }

    async fn leader(&self, name: &str) -> Result<Option<String>> {
        self.inner.leader(name).await
    }
}
