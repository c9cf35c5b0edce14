use std::{any::Any, fmt};

use async_trait::async_trait;

use super::{
    Ack, Conn, CronCheck, CronChecked, CronInsert, CronTaken, Fetch, Fetched, Inspect, Prune, QueueChange,
    QueueMeta, QueueSpec, Reclaimed, Reindex, Reindexed, Rescue, Stage, Staged, Touched,
};
use crate::{Job, JobChanges, JobFilter, JobId, NewJob, Notifier, Peer, Result};

/// A store of jobs.
///
/// An engine moves rows between states and knows nothing of workers. It is a notifier and a
/// peer as well, so that a custom engine is one type. The runtime calls it; users call
/// [`Oban`](crate::Oban). What follows holds for every engine, and the conformance suite of
/// `oban-testing` checks it.
///
/// # Contract
///
/// - **Atomicity.** Each call takes effect as a whole or not at all. A call whose future is
///   dropped, or that fails with [`Unavailable`](crate::ErrorKind::Unavailable), may have
///   taken effect; every other error means it has not.
/// - **Time** is the store's, never the node's: see [`Clock`](crate::Clock). Stored times have
///   microseconds.
/// - **Ordering.** Jobs are fetched by priority, then `scheduled_at`, then id.
/// - **Fencing.** Outcomes are stored by [`ack_jobs`](Engine::ack_jobs) and
///   [`fetch_jobs`](Engine::fetch_jobs) alone, and only while the row is still that very execution. An
///   execution that was cancelled, rescued or reclaimed is over, and its outcome changes nothing.
/// - **Concurrency.** Any number of nodes call at once. A row is given to one fetch only;
///   rows that another transaction holds are passed over, not waited for; only an operator's calls wait.
/// - **Input** has been validated. Texts contain no NUL. A call whose content the store cannot keep all the same fails
///   with [`Invalid`](crate::ErrorKind::Invalid), and only such a call: an outcome refused so is replaced by a plain
///   failure, any other is sent again until the store takes it.
/// - **Nothing is read back from notifications**: they only make things sooner.
///
/// There are no default bodies: a wrapper that forgot one would lose behaviour silently.
#[async_trait]
pub trait Engine: Inspect + Notifier + Peer + Any + fmt::Debug + Send + Sync + 'static {
    /// What this engine is and can do.
    fn capabilities(&self) -> Capabilities;

    /// Checks, before a node starts, that the store can be used by this version.
    ///
    /// # Errors
    /// [`Unmigrated`](crate::ErrorKind::Unmigrated) with the version found, the version wanted and
    /// the cure, when the schema is missing, too old, or newer than this engine knows.
    async fn verify(&self) -> Result<()>;

    /// Registers a producer and starts its heartbeat.
    async fn init_queue(&self, spec: &QueueSpec) -> Result<QueueMeta>;

    /// Changes a producer's settings, in `meta` and in its stored registration.
    async fn update_queue(&self, meta: &mut QueueMeta, change: QueueChange) -> Result<()>;

    /// Beats the heart of these producers, in one round trip, and registers again any whose
    /// registration is gone.
    async fn refresh_queues(&self, metas: &[QueueMeta]) -> Result<()>;

    /// Removes a producer's registration. Jobs it may have left executing become subject to
    /// rescue by age, so it is called after the last of them was finished or handed back.
    async fn shutdown_queue(&self, meta: &QueueMeta) -> Result<()>;

    /// Stores new jobs, all or none, and announces the queues of those available, when and
    /// only when the transaction commits. Returns the stored rows in the order given.
    ///
    /// Any number of jobs may be given; the engine splits them into statements. With `conn` it
    /// works inside the caller's transaction, which it neither begins, commits nor retries.
    ///
    /// A [unique](NewJob::unique) job is stored, with its [key](NewJob::sign), only if no stored job has that key, one of
    /// the states that count and is young enough; else the oldest such job takes over what the new one
    /// [replaces](NewJob::replace), and is returned as a conflict. Jobs count in the order given, earlier ones of the same
    /// call included. An insert that meets another one of the same key under way waits for the end of its transaction,
    /// and stores its job if that was rolled back. A job that is not unique is stored without a key, also one that came
    /// with a copied meta: [`sign`](NewJob::sign) every job.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) for a `conn` of another kind of store, and where a unique job cannot
    /// be kept single in its transaction; [`Contended`](crate::ErrorKind::Contended) when another transaction held a job
    /// like it for too long, with nothing stored.
    async fn insert_jobs(&self, conn: Option<Conn<'_>>, jobs: Vec<NewJob>) -> Result<Vec<Inserted>>;

    /// Finishes jobs as [`ack_jobs`](Engine::ack_jobs) does, then makes up to `demand` available jobs
    /// of one queue executing, both in one transaction.
    ///
    /// A fetched job has `attempt` one higher, `attempted_at` now and `attempted_by` the
    /// producer's node and uuid. A job whose attempts are used up is never fetched. Jobs come
    /// sorted by [`Position`](crate::Position), those behind `after` alone. A paused or draining producer gets none.
    async fn fetch_jobs(&self, fetch: Fetch<'_>) -> Result<Fetched>;

    /// Finishes executions: each row that still is the execution the ack speaks of (same id,
    /// attempt and `attempted_at`, state executing) takes the ack's outcome; others stay as they
    /// are. Returns the ids that were taken. One statement for all.
    async fn ack_jobs(&self, acks: &[Ack]) -> Result<Vec<JobId>>;

    /// Hands back the executing jobs that carry this producer's uuid but are not in `running`:
    /// those it was given by a fetch whose answer got lost. They become available, the attempt refunded.
    ///
    /// Also says which of `running` do not execute in this producer's name any more, as a run whose cancelling went
    /// unheard.
    async fn reclaim_jobs(&self, meta: &QueueMeta, running: &[JobId]) -> Result<Reclaimed>;

    /// Makes due scheduled and retryable jobs available, oldest due first and at most
    /// `limit`, announces their queues, and says which of the given queues have work.
    async fn stage_jobs(&self, stage: Stage<'_>) -> Result<Staged>;

    /// Announces every queue that holds available jobs, whoever runs it, and says which those are, sorted. Nodes of
    /// other languages start nothing unless their leader announces it.
    async fn announce_queues(&self) -> Result<Vec<String>>;

    /// Takes back the jobs of dead producers, in the transaction that removes their
    /// registrations; takes back by age the jobs whose producer has no registration; and discards
    /// available jobs whose attempts are used up.
    ///
    /// A rescued job becomes available with `meta.rescued` one higher and its queue announced, or
    /// discarded with an error when its attempts are used up. At most `limit` jobs; the rest with the next call.
    async fn rescue_jobs(&self, rescue: Rescue) -> Result<Vec<Touched>>;

    /// Deletes finished jobs that are old enough, at most `limit`.
    async fn prune_jobs(&self, prune: Prune) -> Result<Vec<Touched>>;

    /// Tells the store's time, and what its log knows of these entries of a crontab. Reads only.
    async fn check_cron(&self, check: CronCheck<'_>) -> Result<CronChecked>;

    /// Writes minutes of entries into the log and inserts the jobs of those that were not in it yet, in one transaction.
    ///
    /// The log holds a minute of an entry's name and instance once, whatever its schedule; a minute that another
    /// transaction is about to write is waited for. One that was noted as missed may still be inserted. A minute
    /// after the store's present one is left out. Jobs are
    /// inserted, and their queues announced, as by [`insert_jobs`](Engine::insert_jobs). Of each entry that is
    /// written, only the `keep` latest minutes stay in the log. Returns what was written, in the order given. Called
    /// again with the same runs it does nothing.
    async fn insert_cron_jobs(&self, insert: CronInsert<'_>) -> Result<Vec<CronTaken>>;

    /// Rebuilds indexes and removes what interrupted rebuilds left behind, one statement after the other, each alone and
    /// bounded by the timeout. Nothing else waits for it: jobs are inserted, fetched and acked meanwhile.
    ///
    /// One index that cannot be rebuilt stays as it was and stops no other; the answer tells. Where another node is at
    /// it, nothing is done. It may be dropped or killed at any point.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) unless [`Capabilities::reindexes`].
    async fn reindex(&self, reindex: &Reindex) -> Result<Reindexed>;

    /// Cancels the selected jobs that are not finished. Executing ones are marked as well, and announced one by one on
    /// [`Channel::Signal`](crate::Channel::Signal) as `{"action": "pkill", "job_id": …}` when the transaction commits,
    /// so that whoever runs them stops.
    async fn cancel_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>>;

    /// Makes the selected jobs available again, unless they are available or executing:
    /// `scheduled_at` now, finishing times cleared, `max_attempts` raised to allow one more
    /// attempt if needed. Announces their queues.
    async fn retry_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>>;

    /// Deletes the selected jobs, except executing ones.
    async fn delete_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>>;

    /// Gives the selected jobs new values and returns the rows as they are then, lowest id first.
    /// See [`JobChanges`] for which jobs can take which change.
    async fn update_jobs(&self, filter: &JobFilter, changes: &JobChanges) -> Result<Vec<Job>>;
}

/// What an engine is and can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The engine's name for messages, e.g. `"postgres"`.
    pub name: &'static str,
    /// Whether [`Engine::insert_jobs`] takes a caller's connection.
    pub takes_connections: bool,
    /// Whether [`Engine::reindex`] is of use: whether there are indexes that grow by being used.
    pub reindexes: bool,
}

/// What an insert did.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Inserted {
    /// The stored row: the new one, or the one it would have been a duplicate of.
    pub job: Job,
    /// Whether nothing was stored, because that job was there.
    pub conflict: bool,
}

impl Inserted {
    /// The row was stored.
    pub fn new(job: Job) -> Self {
        Self { job, conflict: false }
    }

    /// This row was there.
    pub fn conflict(job: Job) -> Self {
        Self { job, conflict: true }
    }
}

impl std::ops::Deref for Inserted {
    type Target = Job;

    fn deref(&self) -> &Job {
        &self.job
    }
}
