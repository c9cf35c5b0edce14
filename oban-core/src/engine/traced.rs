use std::{future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::FutureExt;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{
    Ack, Capabilities, Conn, CronCheck, CronChecked, CronInsert, CronTaken, Engine, Fetch, Fetched, Inserted,
    Inspect, JobCount, Prune, QueueChange, QueueMeta, QueueSpec, Reclaimed, Reindex, Reindexed, Rescue,
    Stage, Staged, Touched, count::Count,
};
use crate::{
    Channel, Error, ErrorKind, Job, JobChanges, JobFilter, JobId, Lease, NewJob, Notifier, Peer, Result,
    Subscription, backoff,
    telemetry::{Call, Telemetry},
};

/// The wrapper every engine call goes through. What the runtime calls gets a span, a limit in time, and a
/// new try when another transaction was in the way. What is not safe to repeat, or has a caller who waits, is passed on.
#[derive(Clone, Debug)]
pub(crate) struct Traced {
    engine: Arc<dyn Engine>,
    telemetry: Telemetry,
}

/// A connection that died without a word would otherwise hold its caller for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// Conflicts end within milliseconds; one that does not is the caller's to know.
const TRIES: u32 = 20;

impl Traced {
    pub(crate) fn new(engine: Arc<dyn Engine>, telemetry: Telemetry) -> Self {
        Self { engine, telemetry }
    }

    /// Whoever has the engine may tell of what it does.
    pub(crate) fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// For calls that the runtime makes: repeatable, and never without end.
    async fn repeated<T, F>(&self, operation: &'static str, call: impl FnMut() -> F + Send) -> Result<T>
    where
        T: Count + Send,
        F: Future<Output = Result<T>> + Send,
    {
        self.once(operation, repeated(operation, call)).await
    }

    /// For calls that must not be repeated, or whose caller decides.
    async fn once<T: Count + Send>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let under_way = Call::begin(&self.telemetry, operation);
        let answer = call.instrument(tracing::trace_span!("oban.engine", operation)).await;
        under_way.end(&answer, Count::count);
        answer
    }
}

async fn repeated<T, F>(operation: &'static str, mut call: impl FnMut() -> F + Send) -> Result<T>
where
    F: Future<Output = Result<T>> + Send,
{
    let mut tries = 0;
    loop {
        let limited = tokio::time::timeout(PATIENCE, call());
        let answer = match AssertUnwindSafe(limited).catch_unwind().await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(unknown(operation, "no answer within 30 seconds")),
            Err(_) => Err(unknown(operation, "the engine panicked")),
        };
        match answer {
            Err(error) if error.kind() == ErrorKind::Contended && tries < TRIES => {
                tries += 1;
                tracing::debug!(%error, tries, "another transaction was in the way");
                tokio::time::sleep(backoff::jitter(Duration::from_millis(10))).await;
            }
            answer => return answer,
        }
    }
}

/// The call may have taken effect or not.
fn unknown(operation: &'static str, message: &str) -> Error {
    Error::new(ErrorKind::Unavailable, operation, message)
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Engine for Traced {
    fn capabilities(&self) -> Capabilities {
        self.engine.capabilities()
    }

    async fn verify(&self) -> Result<()> {
        self.repeated("verify", || self.engine.verify()).await
    }

    async fn init_queue(&self, spec: &QueueSpec) -> Result<QueueMeta> {
        self.repeated("init_queue", || self.engine.init_queue(spec)).await
    }

    async fn update_queue(&self, meta: &mut QueueMeta, change: QueueChange) -> Result<()> {
        self.once("update_queue", self.engine.update_queue(meta, change)).await
    }

    async fn refresh_queues(&self, metas: &[QueueMeta]) -> Result<()> {
        self.repeated("refresh_queues", || self.engine.refresh_queues(metas)).await
    }

    async fn shutdown_queue(&self, meta: &QueueMeta) -> Result<()> {
        self.repeated("shutdown_queue", || self.engine.shutdown_queue(meta)).await
    }

    // Not repeated: with a caller's transaction we must not, and a lost answer would insert twice.
    async fn insert_jobs(&self, conn: Option<Conn<'_>>, jobs: Vec<NewJob>) -> Result<Vec<Inserted>> {
        self.once("insert_jobs", self.engine.insert_jobs(conn, jobs)).await
    }

    async fn fetch_jobs(&self, fetch: Fetch<'_>) -> Result<Fetched> {
        self.repeated("fetch_jobs", || self.engine.fetch_jobs(fetch)).await
    }

    async fn ack_jobs(&self, acks: &[Ack]) -> Result<Vec<JobId>> {
        self.repeated("ack_jobs", || self.engine.ack_jobs(acks)).await
    }

    async fn reclaim_jobs(&self, meta: &QueueMeta, running: &[JobId]) -> Result<Reclaimed> {
        self.repeated("reclaim_jobs", || self.engine.reclaim_jobs(meta, running)).await
    }

    async fn stage_jobs(&self, stage: Stage<'_>) -> Result<Staged> {
        self.repeated("stage_jobs", || self.engine.stage_jobs(stage)).await
    }

    async fn announce_queues(&self) -> Result<Vec<String>> {
        self.repeated("announce_queues", || self.engine.announce_queues()).await
    }

    async fn rescue_jobs(&self, rescue: Rescue) -> Result<Vec<Touched>> {
        self.repeated("rescue_jobs", || self.engine.rescue_jobs(rescue)).await
    }

    async fn prune_jobs(&self, prune: Prune) -> Result<Vec<Touched>> {
        self.repeated("prune_jobs", || self.engine.prune_jobs(prune)).await
    }

    async fn check_cron(&self, check: CronCheck<'_>) -> Result<CronChecked> {
        self.repeated("check_cron", || self.engine.check_cron(check)).await
    }

    async fn insert_cron_jobs(&self, insert: CronInsert<'_>) -> Result<Vec<CronTaken>> {
        self.repeated("insert_cron_jobs", || self.engine.insert_cron_jobs(insert)).await
    }

    // Takes as long as its statements may, which it sees to itself, and is not repeated: it has a schedule.
    async fn reindex(&self, reindex: &Reindex) -> Result<Reindexed> {
        let caught = AssertUnwindSafe(self.engine.reindex(reindex)).catch_unwind();
        let call =
            caught.map(|answer| answer.unwrap_or_else(|_| Err(unknown("reindex", "the engine panicked"))));
        self.once("reindex", call).await
    }

    async fn cancel_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        self.repeated("cancel_jobs", || self.engine.cancel_jobs(filter)).await
    }

    async fn retry_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        self.repeated("retry_jobs", || self.engine.retry_jobs(filter)).await
    }

    async fn delete_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        self.repeated("delete_jobs", || self.engine.delete_jobs(filter)).await
    }

    async fn update_jobs(&self, filter: &JobFilter, changes: &JobChanges) -> Result<Vec<Job>> {
        self.repeated("update_jobs", || self.engine.update_jobs(filter, changes)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Inspect for Traced {
    async fn list_jobs(&self, filter: &JobFilter) -> Result<Vec<Job>> {
        self.once("list_jobs", self.engine.list_jobs(filter)).await
    }

    async fn count_jobs(&self, filter: &JobFilter) -> Result<Vec<JobCount>> {
        self.once("count_jobs", self.engine.count_jobs(filter)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Notifier for Traced {
    fn listen(&self, channels: &[Channel]) -> Subscription {
        self.engine.listen(channels)
    }

    async fn notify(&self, channel: Channel, payloads: &[Value]) -> Result<()> {
        self.repeated("notify", || self.engine.notify(channel, payloads)).await
    }

    async fn run(&self, shutdown: CancellationToken) -> Result<()> {
        self.engine.run(shutdown).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Peer for Traced {
    async fn campaign(&self, lease: &Lease) -> Result<bool> {
        self.repeated("campaign", || self.engine.campaign(lease)).await
    }

    async fn resign(&self, lease: &Lease) -> Result<()> {
        self.repeated("resign", || self.engine.resign(lease)).await
    }

    async fn leader(&self, name: &str) -> Result<Option<String>> {
        self.repeated("leader", || self.engine.leader(name)).await
    }
}
