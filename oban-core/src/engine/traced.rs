use std::{future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::FutureExt;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{
    Ack, Capabilities, Conn, CronCheck, CronChecked, CronInsert, CronTaken, Engine, Fetch, Fetched, Inserted,
    Inspect, JobCount, Prune, QueueChange, QueueMeta, QueueSpec, Reclaimed, Reindex, Reindexed, Rescue,
    Stage, Staged, Touched,
};
use crate::{
    Channel, Error, ErrorKind, Job, JobChanges, JobFilter, JobId, Lease, NewJob, Notifier, Peer, Result,
    Subscription, backoff,
};

/// The wrapper every engine call goes through. What the runtime calls gets a span, a limit in time, and a
/// new try when another transaction was in the way. What is not safe to repeat, or has a caller who waits, is passed on.
#[derive(Clone, Debug)]
pub(crate) struct Traced(Arc<dyn Engine>);

/// A connection that died without a word would otherwise hold its caller for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// Conflicts end within milliseconds; one that does not is the caller's to know.
const TRIES: u32 = 20;

impl Traced {
    pub(crate) fn new(engine: Arc<dyn Engine>) -> Self {
        Self(engine)
    }
}

/// For calls that the runtime makes: repeatable, and never without end.
async fn repeated<T, F>(operation: &'static str, mut call: impl FnMut() -> F + Send) -> Result<T>
where
    F: Future<Output = Result<T>> + Send,
{
    let span = tracing::trace_span!("oban.engine", operation);
    async move {
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
    .instrument(span)
    .await
}

/// The call may have taken effect or not.
fn unknown(operation: &'static str, message: &str) -> Error {
    Error::new(ErrorKind::Unavailable, operation, message)
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Engine for Traced {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    async fn verify(&self) -> Result<()> {
        repeated("verify", || self.0.verify()).await
    }

    async fn init_queue(&self, spec: &QueueSpec) -> Result<QueueMeta> {
        repeated("init_queue", || self.0.init_queue(spec)).await
    }

    async fn update_queue(&self, meta: &mut QueueMeta, change: QueueChange) -> Result<()> {
        self.0.update_queue(meta, change).await
    }

    async fn refresh_queues(&self, metas: &[QueueMeta]) -> Result<()> {
        repeated("refresh_queues", || self.0.refresh_queues(metas)).await
    }

    async fn shutdown_queue(&self, meta: &QueueMeta) -> Result<()> {
        repeated("shutdown_queue", || self.0.shutdown_queue(meta)).await
    }

    // Not repeated: with a caller's transaction we must not, and a lost answer would insert twice.
    async fn insert_jobs(&self, conn: Option<Conn<'_>>, jobs: Vec<NewJob>) -> Result<Vec<Inserted>> {
        self.0
            .insert_jobs(conn, jobs)
            .instrument(tracing::trace_span!("oban.engine", operation = "insert_jobs"))
            .await
    }

    async fn fetch_jobs(&self, fetch: Fetch<'_>) -> Result<Fetched> {
        repeated("fetch_jobs", || self.0.fetch_jobs(fetch)).await
    }

    async fn ack_jobs(&self, acks: &[Ack]) -> Result<Vec<JobId>> {
        repeated("ack_jobs", || self.0.ack_jobs(acks)).await
    }

    async fn reclaim_jobs(&self, meta: &QueueMeta, running: &[JobId]) -> Result<Reclaimed> {
        repeated("reclaim_jobs", || self.0.reclaim_jobs(meta, running)).await
    }

    async fn stage_jobs(&self, stage: Stage<'_>) -> Result<Staged> {
        repeated("stage_jobs", || self.0.stage_jobs(stage)).await
    }

    async fn announce_queues(&self) -> Result<Vec<String>> {
        repeated("announce_queues", || self.0.announce_queues()).await
    }

    async fn rescue_jobs(&self, rescue: Rescue) -> Result<Vec<Touched>> {
        repeated("rescue_jobs", || self.0.rescue_jobs(rescue)).await
    }

    async fn prune_jobs(&self, prune: Prune) -> Result<Vec<Touched>> {
        repeated("prune_jobs", || self.0.prune_jobs(prune)).await
    }

    async fn check_cron(&self, check: CronCheck<'_>) -> Result<CronChecked> {
        repeated("check_cron", || self.0.check_cron(check)).await
    }

    async fn insert_cron_jobs(&self, insert: CronInsert<'_>) -> Result<Vec<CronTaken>> {
        repeated("insert_cron_jobs", || self.0.insert_cron_jobs(insert)).await
    }

    // Takes as long as its statements may, which it sees to itself, and is not repeated: it has a schedule.
    async fn reindex(&self, reindex: &Reindex) -> Result<Reindexed> {
        let operation = "reindex";
        AssertUnwindSafe(self.0.reindex(reindex))
            .catch_unwind()
            .instrument(tracing::trace_span!("oban.engine", operation))
            .await
            .unwrap_or_else(|_| Err(unknown(operation, "the engine panicked")))
    }

    async fn cancel_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        repeated("cancel_jobs", || self.0.cancel_jobs(filter)).await
    }

    async fn retry_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        repeated("retry_jobs", || self.0.retry_jobs(filter)).await
    }

    async fn delete_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        repeated("delete_jobs", || self.0.delete_jobs(filter)).await
    }

    async fn update_jobs(&self, filter: &JobFilter, changes: &JobChanges) -> Result<Vec<Job>> {
        repeated("update_jobs", || self.0.update_jobs(filter, changes)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Inspect for Traced {
    async fn list_jobs(&self, filter: &JobFilter) -> Result<Vec<Job>> {
        self.0.list_jobs(filter).await
    }

    async fn count_jobs(&self, filter: &JobFilter) -> Result<Vec<JobCount>> {
        self.0.count_jobs(filter).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Notifier for Traced {
    fn listen(&self, channels: &[Channel]) -> Subscription {
        self.0.listen(channels)
    }

    async fn notify(&self, channel: Channel, payloads: &[Value]) -> Result<()> {
        repeated("notify", || self.0.notify(channel, payloads)).await
    }

    async fn run(&self, shutdown: CancellationToken) -> Result<()> {
        self.0.run(shutdown).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Peer for Traced {
    async fn campaign(&self, lease: &Lease) -> Result<bool> {
        repeated("campaign", || self.0.campaign(lease)).await
    }

    async fn resign(&self, lease: &Lease) -> Result<()> {
        repeated("resign", || self.0.resign(lease)).await
    }

    async fn leader(&self, name: &str) -> Result<Option<String>> {
        repeated("leader", || self.0.leader(name)).await
    }
}
