use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use oban_core::{
    Ack, Capabilities, Channel, Conn, CronCheck, CronChecked, CronInsert, CronTaken, Engine, Error,
    ErrorKind, Fetch, Fetched, Hub, Inserted, Inspect, Job, JobChanges, JobCount, JobFilter, JobId, Lease,
    NewJob, Notifier, Peer, Prune, QueueChange, QueueMeta, QueueSpec, Reclaimed, Reindex, Reindexed, Rescue,
    Result, Stage, Staged, Subscription, Touched,
};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

/// An engine that fails when it is told to, as networks and databases do.
#[derive(Debug)]
pub(crate) struct Faulty {
    inner: Arc<dyn Engine>,
    deaf: bool,
    /// Calls of any kind that fail before they take effect.
    unavailable: AtomicUsize,
    /// The same, as another transaction was in the way.
    contended: AtomicUsize,
    /// Fetches that take effect, and whose answers get lost.
    lost_fetches: AtomicUsize,
    /// Acks that take effect, and whose answers get lost.
    lost_acks: AtomicUsize,
    /// An ack of this job is refused for good.
    refused: AtomicUsize,
    /// The next fetch fails, and takes effect when it is let through.
    delays_fetch: AtomicUsize,
    late_fetch: Mutex<Option<(QueueMeta, usize)>>,
    /// Fetches that take effect at once, and are answered late.
    slow_fetches: AtomicUsize,
    /// Reclaims that take effect late, and whether one does now.
    slow_reclaims: AtomicUsize,
    reclaims: AtomicBool,
    /// Cron jobs that are inserted, and whose answers get lost.
    lost_crons: AtomicUsize,
    /// Notifications are not sent.
    mute: AtomicBool,
    /// Prunings of more jobs than this fail.
    prune_limit: AtomicUsize,
    /// The most jobs an operator's call was answered with.
    largest: AtomicUsize,
    /// The housekeeping that was asked for.
    upkeep: Mutex<Vec<Upkeep>>,
}

/// What a leader asks of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Upkeep {
    Rescue(Rescue),
    Prune(Prune),
    Reindex(Reindex),
}

/// The jobs of this cron entry are refused for good.
pub(crate) const REFUSED_ENTRY: &str = "refused";

/// What slow calls wait.
const SLOWNESS: Duration = Duration::from_millis(300);

impl Faulty {
    pub(crate) fn new(inner: Arc<dyn Engine>) -> Self {
        Self {
            inner,
            deaf: false,
            unavailable: AtomicUsize::new(0),
            contended: AtomicUsize::new(0),
            lost_fetches: AtomicUsize::new(0),
            lost_acks: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
            delays_fetch: AtomicUsize::new(0),
            late_fetch: Mutex::default(),
            slow_fetches: AtomicUsize::new(0),
            slow_reclaims: AtomicUsize::new(0),
            reclaims: AtomicBool::new(false),
            lost_crons: AtomicUsize::new(0),
            mute: AtomicBool::new(false),
            prune_limit: AtomicUsize::new(usize::MAX),
            largest: AtomicUsize::new(0),
            upkeep: Mutex::default(),
        }
    }

    /// Hears no notification.
    pub(crate) fn deaf(self) -> Self {
        Self { deaf: true, ..self }
    }

    /// Sends no notification.
    pub(crate) fn mute(&self) {
        self.mute.store(true, Ordering::SeqCst);
    }

    pub(crate) fn fail_next_calls(&self, count: usize) {
        self.unavailable.store(count, Ordering::SeqCst);
    }

    pub(crate) fn contend_next_calls(&self, count: usize) {
        self.contended.store(count, Ordering::SeqCst);
    }

    /// Whether all of the announced failures have happened.
    pub(crate) fn has_recovered(&self) -> bool {
        [&self.unavailable, &self.contended].iter().all(|left| left.load(Ordering::SeqCst) == 0)
    }

    pub(crate) fn lose_next_fetches(&self, count: usize) {
        self.lost_fetches.store(count, Ordering::SeqCst);
    }

    pub(crate) fn lose_next_acks(&self, count: usize) {
        self.lost_acks.store(count, Ordering::SeqCst);
    }

    pub(crate) fn lose_next_crons(&self, count: usize) {
        self.lost_crons.store(count, Ordering::SeqCst);
    }

    pub(crate) fn refuse_completion_of(&self, id: JobId) {
        self.refused.store(usize::try_from(id.0).unwrap(), Ordering::SeqCst);
    }

    pub(crate) fn delay_next_fetch(&self) {
        self.delays_fetch.store(1, Ordering::SeqCst);
    }

    /// Lets the delayed fetch take effect, as a statement does that waited for a lock longer than its sender.
    /// Returns how many jobs it made executing.
    pub(crate) async fn let_late_fetch_through(&self) -> usize {
        let (queue, demand) = self.late().take().expect("a fetch was delayed");
        self.inner
            .fetch_jobs(Fetch { queue: &queue, demand, after: None, acks: &[] })
            .await
            .unwrap()
            .jobs
            .len()
    }

    pub(crate) fn slow_next_fetch(&self) {
        self.slow_fetches.store(1, Ordering::SeqCst);
    }

    pub(crate) fn slow_next_reclaim(&self) {
        self.slow_reclaims.store(1, Ordering::SeqCst);
    }

    /// Whether a slow reclaim has begun and not taken effect.
    pub(crate) fn is_reclaiming(&self) -> bool {
        self.reclaims.load(Ordering::SeqCst)
    }

    /// Prunings of more jobs than this take longer than the store allows.
    pub(crate) fn prune_at_most(&self, limit: usize) {
        self.prune_limit.store(limit, Ordering::SeqCst);
    }

    /// The housekeeping that was asked for so far.
    pub(crate) fn upkeep(&self) -> Vec<Upkeep> {
        self.upkeep.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The most jobs that an operator's call was answered with.
    pub(crate) fn largest_answer(&self) -> usize {
        self.largest.load(Ordering::SeqCst)
    }

    fn measured<T>(&self, answer: Vec<T>) -> Vec<T> {
        self.largest.fetch_max(answer.len(), Ordering::SeqCst);
        answer
    }

    fn note(&self, upkeep: Upkeep) {
        self.upkeep.lock().unwrap_or_else(PoisonError::into_inner).push(upkeep);
    }

    fn late(&self) -> MutexGuard<'_, Option<(QueueMeta, usize)>> {
        self.late_fetch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reach(&self) -> Result<()> {
        if take(&self.contended) {
            return Err(Error::new(ErrorKind::Contended, "faulty", "somebody is in the way"));
        }
        if take(&self.unavailable) { Err(unavailable()) } else { Ok(()) }
    }

    fn judge(&self, acks: &[Ack]) -> Result<()> {
        let refused = self.refused.load(Ordering::SeqCst);
        let completes = |ack: &Ack| matches!(ack.finish, oban_core::Finish::Complete { .. });
        match acks.iter().find(|ack| usize::try_from(ack.id.0) == Ok(refused) && completes(ack)) {
            Some(ack) => Err(Error::invalid("ack_jobs", "unacceptable").with_context("job", ack.id)),
            None => Ok(()),
        }
    }
}

fn take(counter: &AtomicUsize) -> bool {
    counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| count.checked_sub(1)).is_ok()
}

fn unavailable() -> Error {
    Error::new(ErrorKind::Unavailable, "faulty", "nobody is there")
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Engine for Faulty {
    fn capabilities(&self) -> Capabilities {
        // So that what asks for it runs on any engine.
        Capabilities { reindexes: true, ..self.inner.capabilities() }
    }

    async fn verify(&self) -> Result<()> {
        self.inner.verify().await
    }

    async fn init_queue(&self, spec: &QueueSpec) -> Result<QueueMeta> {
        self.inner.init_queue(spec).await
    }

    async fn update_queue(&self, meta: &mut QueueMeta, change: QueueChange) -> Result<()> {
        self.reach()?;
        self.inner.update_queue(meta, change).await
    }

    async fn refresh_queues(&self, metas: &[QueueMeta]) -> Result<()> {
        self.reach()?;
        self.inner.refresh_queues(metas).await
    }

    async fn shutdown_queue(&self, meta: &QueueMeta) -> Result<()> {
        self.reach()?;
        self.inner.shutdown_queue(meta).await
    }

    async fn insert_jobs(&self, conn: Option<Conn<'_>>, jobs: Vec<NewJob>) -> Result<Vec<Inserted>> {
        self.inner.insert_jobs(conn, jobs).await
    }

    async fn fetch_jobs(&self, fetch: Fetch<'_>) -> Result<Fetched> {
        self.reach()?;
        self.judge(fetch.acks)?;
        if fetch.acks.is_empty() && take(&self.delays_fetch) {
            *self.late() = Some((fetch.queue.clone(), fetch.demand));
            return Err(unavailable());
        }
        let fetched = self.inner.fetch_jobs(fetch).await?;
        if !fetched.jobs.is_empty() && take(&self.slow_fetches) {
            tokio::time::sleep(SLOWNESS).await;
        }
        if !fetched.jobs.is_empty() && take(&self.lost_fetches) {
            return Err(unavailable());
        }
        if !fetch.acks.is_empty() && fetched.jobs.is_empty() && take(&self.lost_acks) {
            return Err(unavailable());
        }
        Ok(fetched)
    }

    async fn ack_jobs(&self, acks: &[Ack]) -> Result<Vec<JobId>> {
        self.reach()?;
        self.judge(acks)?;
        let taken = self.inner.ack_jobs(acks).await?;
        if take(&self.lost_acks) { Err(unavailable()) } else { Ok(taken) }
    }

    async fn reclaim_jobs(&self, meta: &QueueMeta, running: &[JobId]) -> Result<Reclaimed> {
        self.reach()?;
        if take(&self.slow_reclaims) {
            self.reclaims.store(true, Ordering::SeqCst);
            tokio::time::sleep(SLOWNESS).await;
            self.reclaims.store(false, Ordering::SeqCst);
        }
        self.inner.reclaim_jobs(meta, running).await
    }

    async fn stage_jobs(&self, stage: Stage<'_>) -> Result<Staged> {
        self.reach()?;
        self.inner.stage_jobs(stage).await
    }

    async fn announce_queues(&self) -> Result<Vec<String>> {
        self.reach()?;
        self.inner.announce_queues().await
    }

    async fn rescue_jobs(&self, rescue: Rescue) -> Result<Vec<Touched>> {
        self.note(Upkeep::Rescue(rescue));
        self.reach()?;
        self.inner.rescue_jobs(rescue).await
    }

    async fn prune_jobs(&self, prune: Prune) -> Result<Vec<Touched>> {
        self.note(Upkeep::Prune(prune));
        self.reach()?;
        if prune.limit > self.prune_limit.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Contended, "prune_jobs", "cancelled by a statement timeout"));
        }
        self.inner.prune_jobs(prune).await
    }

    async fn check_cron(&self, check: CronCheck<'_>) -> Result<CronChecked> {
        self.reach()?;
        self.inner.check_cron(check).await
    }

    async fn insert_cron_jobs(&self, insert: CronInsert<'_>) -> Result<Vec<CronTaken>> {
        self.reach()?;
        if let Some(run) = insert.runs.iter().find(|run| run.key.name == REFUSED_ENTRY) {
            return Err(
                Error::invalid("insert_cron_jobs", "unacceptable").with_context("entry", &run.key.name)
            );
        }
        let taken = self.inner.insert_cron_jobs(insert).await?;
        if !taken.is_empty() && take(&self.lost_crons) { Err(unavailable()) } else { Ok(taken) }
    }

    async fn reindex(&self, reindex: &Reindex) -> Result<Reindexed> {
        self.note(Upkeep::Reindex(reindex.clone()));
        self.reach()?;
        if self.inner.capabilities().reindexes {
            self.inner.reindex(reindex).await
        } else {
            Ok(Reindexed::default())
        }
    }

    async fn cancel_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        Ok(self.measured(self.inner.cancel_jobs(filter).await?))
    }

    async fn retry_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        Ok(self.measured(self.inner.retry_jobs(filter).await?))
    }

    async fn delete_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        Ok(self.measured(self.inner.delete_jobs(filter).await?))
    }

    async fn update_jobs(&self, filter: &JobFilter, changes: &JobChanges) -> Result<Vec<Job>> {
        Ok(self.measured(self.inner.update_jobs(filter, changes).await?))
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Inspect for Faulty {
    async fn list_jobs(&self, filter: &JobFilter) -> Result<Vec<Job>> {
        self.inner.list_jobs(filter).await
    }

    async fn count_jobs(&self, filter: &JobFilter) -> Result<Vec<JobCount>> {
        self.inner.count_jobs(filter).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Notifier for Faulty {
    fn listen(&self, channels: &[Channel]) -> Subscription {
        if self.deaf { Hub::new().listen(channels) } else { self.inner.listen(channels) }
    }

    async fn notify(&self, channel: Channel, payloads: &[Value]) -> Result<()> {
        self.reach()?;
        if self.mute.load(Ordering::SeqCst) {
            return Err(unavailable());
        }
        self.inner.notify(channel, payloads).await
    }

    async fn run(&self, shutdown: CancellationToken) -> Result<()> {
        self.inner.run(shutdown).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Peer for Faulty {
    async fn campaign(&self, lease: &Lease) -> Result<bool> {
        self.reach()?;
        self.inner.campaign(lease).await
    }

    async fn resign(&self, lease: &Lease) -> Result<()> {
        self.inner.resign(lease).await
    }

    async fn leader(&self, name: &str) -> Result<Option<String>> {
        self.inner.leader(name).await
    }
}
