use std::{collections::BTreeSet, fmt, sync::Arc};

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    Ack, Capabilities, Conn, CronCheck, CronChecked, CronInsert, CronTaken, Engine, Fetch, Fetched, Inserted,
    Inspect, JobCount, Prune, QueueChange, QueueMeta, QueueSpec, Reclaimed, Reindex, Reindexed, Rescue,
    Stage, Staged, Touched,
};
use crate::{
    Channel, Job, JobChanges, JobFilter, JobId, JobState, Lease, NewJob, Notifier, Peer, Result, Subscription,
};

/// A notifier that several nodes of a process may share.
pub(crate) type SharedNotifier = Arc<dyn Notifier + Send + Sync>;

/// An engine whose hints travel by another notifier. What the engine announces within its transactions is announced
/// there once they have committed.
pub(crate) struct Relayed {
    engine: Arc<dyn Engine>,
    notifier: SharedNotifier,
}

impl Relayed {
    pub(crate) fn new(engine: Arc<dyn Engine>, notifier: SharedNotifier) -> Self {
        Self { engine, notifier }
    }

    async fn announce(&self, queues: impl Iterator<Item = &String> + Send) {
        let queues: BTreeSet<&String> = queues.collect();
        let hints: Vec<Value> = queues.into_iter().map(|queue| json!({ "queue": queue })).collect();
        self.tell(Channel::Insert, hints).await;
    }

    async fn announce_available(&self, jobs: &[Touched]) {
        let available = jobs.iter().filter(|job| job.after == Some(JobState::Available));
        self.announce(available.map(|job| &job.queue)).await;
    }

    /// What was done is done, whether the hint goes out or not.
    async fn tell(&self, channel: Channel, hints: Vec<Value>) {
        if !hints.is_empty()
            && let Err(error) = self.notifier.notify(channel, &hints).await
        {
            tracing::debug!(%error, %channel, "could not send a hint");
        }
    }
}

impl fmt::Debug for Relayed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Relayed").field("engine", &self.engine).finish_non_exhaustive()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Engine for Relayed {
    fn capabilities(&self) -> Capabilities {
        self.engine.capabilities()
    }

    async fn verify(&self) -> Result<()> {
        self.engine.verify().await
    }

    async fn init_queue(&self, spec: &QueueSpec) -> Result<QueueMeta> {
        self.engine.init_queue(spec).await
    }

    async fn update_queue(&self, meta: &mut QueueMeta, change: QueueChange) -> Result<()> {
        self.engine.update_queue(meta, change).await
    }

    async fn refresh_queues(&self, metas: &[QueueMeta]) -> Result<()> {
        self.engine.refresh_queues(metas).await
    }

    async fn shutdown_queue(&self, meta: &QueueMeta) -> Result<()> {
        self.engine.shutdown_queue(meta).await
    }

    async fn insert_jobs(&self, conn: Option<Conn<'_>>, jobs: Vec<NewJob>) -> Result<Vec<Inserted>> {
        let is_committed = conn.is_none();
        let inserted = self.engine.insert_jobs(conn, jobs).await?;
        if is_committed {
            let available = inserted.iter().filter(|job| !job.conflict && job.state == JobState::Available);
            self.announce(available.map(|job| &job.job.queue)).await;
        }
        Ok(inserted)
    }

    async fn fetch_jobs(&self, fetch: Fetch<'_>) -> Result<Fetched> {
        self.engine.fetch_jobs(fetch).await
    }

    async fn ack_jobs(&self, acks: &[Ack]) -> Result<Vec<JobId>> {
        self.engine.ack_jobs(acks).await
    }

    async fn reclaim_jobs(&self, meta: &QueueMeta, running: &[JobId]) -> Result<Reclaimed> {
        self.engine.reclaim_jobs(meta, running).await
    }

    async fn stage_jobs(&self, stage: Stage<'_>) -> Result<Staged> {
        let staged = self.engine.stage_jobs(stage).await?;
        self.announce_available(&staged.jobs).await;
        Ok(staged)
    }

    async fn announce_queues(&self) -> Result<Vec<String>> {
        let queues = self.engine.announce_queues().await?;
        self.announce(queues.iter()).await;
        Ok(queues)
    }

    async fn rescue_jobs(&self, rescue: Rescue) -> Result<Vec<Touched>> {
        let rescued = self.engine.rescue_jobs(rescue).await?;
        self.announce_available(&rescued).await;
        Ok(rescued)
    }

    async fn prune_jobs(&self, prune: Prune) -> Result<Vec<Touched>> {
        self.engine.prune_jobs(prune).await
    }

    async fn check_cron(&self, check: CronCheck<'_>) -> Result<CronChecked> {
        self.engine.check_cron(check).await
    }

    async fn insert_cron_jobs(&self, insert: CronInsert<'_>) -> Result<Vec<CronTaken>> {
        let taken = self.engine.insert_cron_jobs(insert).await?;
        let inserted = taken.iter().filter_map(|taken| taken.inserted.as_ref());
        let available = inserted.filter(|job| job.state == JobState::Available);
        self.announce(available.map(|job| &job.job.queue)).await;
        Ok(taken)
    }

    async fn reindex(&self, reindex: &Reindex) -> Result<Reindexed> {
        self.engine.reindex(reindex).await
    }

    async fn cancel_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        let cancelled = self.engine.cancel_jobs(filter).await?;
        let executing = cancelled.iter().filter(|job| job.before == JobState::Executing);
        let kills = executing.map(|job| json!({"action": "pkill", "job_id": job.id}));
        self.tell(Channel::Signal, kills.collect()).await;
        Ok(cancelled)
    }

    async fn retry_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        let retried = self.engine.retry_jobs(filter).await?;
        self.announce_available(&retried).await;
        Ok(retried)
    }

    async fn delete_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        self.engine.delete_jobs(filter).await
    }

    async fn update_jobs(&self, filter: &JobFilter, changes: &JobChanges) -> Result<Vec<Job>> {
        self.engine.update_jobs(filter, changes).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Inspect for Relayed {
    async fn list_jobs(&self, filter: &JobFilter) -> Result<Vec<Job>> {
        self.engine.list_jobs(filter).await
    }

    async fn count_jobs(&self, filter: &JobFilter) -> Result<Vec<JobCount>> {
        self.engine.count_jobs(filter).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Notifier for Relayed {
    fn listen(&self, channels: &[Channel]) -> Subscription {
        self.notifier.listen(channels)
    }

    async fn notify(&self, channel: Channel, payloads: &[Value]) -> Result<()> {
        self.notifier.notify(channel, payloads).await
    }

    async fn run(&self, shutdown: CancellationToken) -> Result<()> {
        self.notifier.run(shutdown).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Peer for Relayed {
    async fn campaign(&self, lease: &Lease) -> Result<bool> {
        self.engine.campaign(lease).await
    }

    async fn resign(&self, lease: &Lease) -> Result<()> {
        self.engine.resign(lease).await?;
        self.tell(Channel::Leader, vec![json!({"down": lease.name})]).await;
        Ok(())
    }

    async fn leader(&self, name: &str) -> Result<Option<String>> {
        self.engine.leader(name).await
    }
}
