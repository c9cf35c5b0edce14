//! An engine with nothing to do, so that what is measured is what `oban` itself does with each job.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use oban::{
    Ack, CancellationToken, Capabilities, Channel, Conn, CronCheck, CronChecked, CronInsert, CronTaken,
    Engine, Fetch, Fetched, Inserted, Inspect, Job, JobChanges, JobCount, JobFilter, JobId, JobState, Lease,
    NewJob, Notifier, Peer, Prune, QueueChange, QueueMeta, QueueSpec, Reclaimed, Reindex, Reindexed, Rescue,
    Result, Stage, Staged, Subscription, Touched, chrono::Utc, testing::Memory,
};
use serde_json::Value;

/// Its jobs are made as they are inserted, as a fetch gives them out. A fetch hands over as many as are wanted, and an
/// ack is counted. Anything else is done by the engine in memory, which never sees a job.
#[derive(Clone, Debug, Default)]
pub struct Ready {
    memory: Memory,
    rows: Arc<Mutex<Rows>>,
}

#[derive(Debug, Default)]
struct Rows {
    waiting: VecDeque<Arc<Job>>,
    made: i64,
    acked: i64,
}

impl Ready {
    /// Without any job.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the outcome of each job has come in.
    pub fn is_done(&self) -> bool {
        let rows = self.rows();
        rows.acked == rows.made
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rows {
    fn make(&mut self, new: NewJob) -> Inserted {
        self.made += 1;
        let now = Utc::now();
        let job = Job {
            id: JobId(self.made),
            state: JobState::Executing,
            queue: new.queue,
            worker: new.worker,
            args: new.args,
            attempt: 1,
            max_attempts: new.max_attempts,
            inserted_at: now,
            scheduled_at: now,
            attempted_at: Some(now),
            ..Job::default()
        };
        self.waiting.push_back(Arc::new(job.clone()));
        Inserted::new(job)
    }

    fn ack(&mut self, acks: &[Ack]) -> Vec<JobId> {
        self.acked += acks.len() as i64;
        acks.iter().map(|ack| ack.id).collect()
    }
}

#[async_trait]
impl Engine for Ready {
    fn capabilities(&self) -> Capabilities {
        Capabilities { name: "ready", ..self.memory.capabilities() }
    }

    async fn insert_jobs(&self, _: Option<Conn<'_>>, jobs: Vec<NewJob>) -> Result<Vec<Inserted>> {
        let mut rows = self.rows();
        Ok(jobs.into_iter().map(|new| rows.make(new)).collect())
    }

    async fn fetch_jobs(&self, fetch: Fetch<'_>) -> Result<Fetched> {
        let mut rows = self.rows();
        let acked = rows.ack(fetch.acks);
        let count = fetch.demand.min(rows.waiting.len());
        Ok(Fetched { jobs: rows.waiting.drain(..count).collect(), acked })
    }

    async fn ack_jobs(&self, acks: &[Ack]) -> Result<Vec<JobId>> {
        Ok(self.rows().ack(acks))
    }

    /// No answer is ever lost.
    async fn reclaim_jobs(&self, _: &QueueMeta, _: &[JobId]) -> Result<Reclaimed> {
        Ok(Reclaimed::default())
    }

    async fn verify(&self) -> Result<()> {
        self.memory.verify().await
    }

    async fn init_queue(&self, spec: &QueueSpec) -> Result<QueueMeta> {
        self.memory.init_queue(spec).await
    }

    async fn update_queue(&self, meta: &mut QueueMeta, change: QueueChange) -> Result<()> {
        self.memory.update_queue(meta, change).await
    }

    async fn refresh_queues(&self, metas: &[QueueMeta]) -> Result<()> {
        self.memory.refresh_queues(metas).await
    }

    async fn shutdown_queue(&self, meta: &QueueMeta) -> Result<()> {
        self.memory.shutdown_queue(meta).await
    }

    async fn stage_jobs(&self, stage: Stage<'_>) -> Result<Staged> {
        self.memory.stage_jobs(stage).await
    }

    async fn announce_queues(&self) -> Result<Vec<String>> {
        self.memory.announce_queues().await
    }

    async fn rescue_jobs(&self, rescue: Rescue) -> Result<Vec<Touched>> {
        self.memory.rescue_jobs(rescue).await
    }

    async fn prune_jobs(&self, prune: Prune) -> Result<Vec<Touched>> {
        self.memory.prune_jobs(prune).await
    }

    async fn check_cron(&self, check: CronCheck<'_>) -> Result<CronChecked> {
        self.memory.check_cron(check).await
    }

    async fn insert_cron_jobs(&self, insert: CronInsert<'_>) -> Result<Vec<CronTaken>> {
        self.memory.insert_cron_jobs(insert).await
    }

    async fn reindex(&self, reindex: &Reindex) -> Result<Reindexed> {
        self.memory.reindex(reindex).await
    }

    async fn cancel_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        self.memory.cancel_jobs(filter).await
    }

    async fn retry_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        self.memory.retry_jobs(filter).await
    }

    async fn delete_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        self.memory.delete_jobs(filter).await
    }

    async fn update_jobs(&self, filter: &JobFilter, changes: &JobChanges) -> Result<Vec<Job>> {
        self.memory.update_jobs(filter, changes).await
    }
}

#[async_trait]
impl Inspect for Ready {
    async fn list_jobs(&self, filter: &JobFilter) -> Result<Vec<Job>> {
        self.memory.list_jobs(filter).await
    }

    async fn count_jobs(&self, filter: &JobFilter) -> Result<Vec<JobCount>> {
        self.memory.count_jobs(filter).await
    }
}

#[async_trait]
impl Notifier for Ready {
    fn listen(&self, channels: &[Channel]) -> Subscription {
        self.memory.listen(channels)
    }

    async fn notify(&self, channel: Channel, payloads: &[Value]) -> Result<()> {
        self.memory.notify(channel, payloads).await
    }

    async fn run(&self, shutdown: CancellationToken) -> Result<()> {
        self.memory.run(shutdown).await
    }
}

#[async_trait]
impl Peer for Ready {
    async fn campaign(&self, lease: &Lease) -> Result<bool> {
        self.memory.campaign(lease).await
    }

    async fn resign(&self, lease: &Lease) -> Result<()> {
        self.memory.resign(lease).await
    }

    async fn leader(&self, name: &str) -> Result<Option<String>> {
        self.memory.leader(name).await
    }
}
