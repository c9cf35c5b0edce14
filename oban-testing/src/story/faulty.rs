mod engine;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use oban_core::{Ack, Engine, Error, ErrorKind, Fetch, JobId, Prune, QueueMeta, Reindex, Rescue, Result};
use tokio::{sync::oneshot, task::JoinSet};
use uuid::Uuid;

use super::cluster::eventually;

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
    /// Heartbeats that take effect late, whether or not somebody waits for them still.
    slow_beats: AtomicUsize,
    late_beats: Mutex<JoinSet<()>>,
    registrations: Arc<Mutex<Registrations>>,
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

/// What became of the producers of a node.
#[derive(Debug, Default)]
struct Registrations {
    signed_off: Vec<Uuid>,
    /// Slow heartbeats on their way.
    beating: usize,
    /// Producers that were registered again after they had signed off.
    revived: usize,
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
            slow_beats: AtomicUsize::new(0),
            late_beats: Mutex::default(),
            registrations: Arc::default(),
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

    /// Waits until a heartbeat is under way that takes effect late.
    pub(crate) async fn beats_slowly(&self) {
        self.slow_beats.store(1, Ordering::SeqCst);
        self.until_beating("a slow heartbeat is under way", 1).await;
    }

    /// Waits until the slow heartbeat took effect.
    pub(crate) async fn has_beaten(&self) {
        self.until_beating("the slow heartbeat took effect", 0).await;
    }

    async fn until_beating(&self, what: &str, count: usize) {
        eventually(what, || async {
            let beating = self.registrations().beating;
            if beating == count { Ok(()) } else { Err(beating) }
        })
        .await;
    }

    /// How many producers were registered again after they had signed off.
    pub(crate) fn revived(&self) -> usize {
        self.registrations().revived
    }

    async fn beat_late(&self, metas: Vec<QueueMeta>) -> Result<()> {
        let (inner, registrations) = (Arc::clone(&self.inner), Arc::clone(&self.registrations));
        let (answer, answered) = oneshot::channel();
        self.registrations().beating += 1;
        self.late_beats.lock().unwrap_or_else(PoisonError::into_inner).spawn(async move {
            tokio::time::sleep(SLOWNESS).await;
            let beaten = inner.refresh_queues(&metas).await;
            {
                let mut registrations = registrations.lock().unwrap_or_else(PoisonError::into_inner);
                let signed_off = &registrations.signed_off;
                let revived = metas.iter().filter(|meta| signed_off.contains(&meta.uuid)).count();
                registrations.revived += revived;
                registrations.beating -= 1;
            }
            let _ = answer.send(beaten);
        });
        answered.await.unwrap_or_else(|_| Err(unavailable()))
    }

    fn registrations(&self) -> MutexGuard<'_, Registrations> {
        self.registrations.lock().unwrap_or_else(PoisonError::into_inner)
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
