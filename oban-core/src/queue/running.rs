//! The runs of one producer, and the slot through which each reports, once.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, mpsc::UnboundedSender},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{Ack, Finish, Job, JobId};

/// Names a run within its producer. Ids do not: a job may come back while an old run of it lingers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RunId(u64);

/// What a run tells its producer.
#[derive(Debug)]
pub(super) enum Event {
    /// It is over.
    Finished { run: RunId, ack: Ack },
    /// It may take so long.
    Timeout { run: RunId, after: Duration },
}

/// What a run and its producer share. Whoever finishes it first decides; the other is ignored.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(super) run: RunId,
    pub(super) job: Arc<Job>,
    pub(super) cancellation: CancellationToken,
    events: UnboundedSender<Event>,
    finished: AtomicBool,
    kill: Notify,
}

impl Slot {
    /// Reports the outcome, unless there is one.
    pub(super) fn finish(&self, finish: Finish) {
        if self.claim() {
            self.report(Event::Finished { run: self.run, ack: Ack::of(&self.job, finish) });
        }
    }

    pub(super) fn report(&self, event: Event) {
        // A producer that is gone has left its rows to rescue.
        let _ = self.events.send(event);
    }

    /// Takes the right to decide the outcome.
    fn claim(&self) -> bool {
        !self.finished.swap(true, Ordering::AcqRel)
    }

    /// Has the run dropped at its next await.
    fn kill(&self) {
        self.cancellation.cancel();
        self.kill.notify_one();
    }

    pub(super) async fn killed(&self) {
        self.kill.notified().await;
    }
}

/// What happens to a run when its time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deadline {
    /// It has taken too long and fails.
    Timeout(Duration),
    /// It has failed, but its worker's `backoff` does not answer.
    Force(Duration),
    /// It was cancelled and had its grace.
    Cancelled,
}

#[derive(Debug)]
struct Running {
    slot: Arc<Slot>,
    deadline: Option<(Instant, Deadline)>,
}

/// The runs that hold a slot.
#[derive(Debug, Default)]
pub(super) struct Runs {
    runs: HashMap<RunId, Running>,
    deadlines: BTreeSet<(Instant, RunId)>,
    last: u64,
}

impl Runs {
    pub(super) fn len(&self) -> usize {
        self.runs.len()
    }

    /// Takes up a fetched job.
    pub(super) fn add(&mut self, job: Job, events: UnboundedSender<Event>) -> Arc<Slot> {
        // Given to us again, it was taken from the old run: that one must not go on beside the new.
        for run in self.of(&[job.id]) {
            self.abandon(run);
        }
        self.last += 1;
        let slot = Arc::new(Slot {
            run: RunId(self.last),
            job: Arc::new(job),
            cancellation: CancellationToken::new(),
            events,
            finished: AtomicBool::new(false),
            kill: Notify::new(),
        });
        self.runs.insert(slot.run, Running { slot: Arc::clone(&slot), deadline: None });
        slot
    }

    /// Frees the slot of a run that is over.
    pub(super) fn remove(&mut self, run: RunId) {
        self.set_deadline(run, None);
        self.runs.remove(&run);
    }

    /// Ends a run whose outcome no longer counts.
    pub(super) fn abandon(&mut self, run: RunId) {
        if let Some(running) = self.runs.get(&run) {
            running.slot.claim();
            running.slot.kill();
        }
        self.remove(run);
    }

    /// Ends a run that fails from outside. It keeps its slot until its failure is reported.
    pub(super) fn kill(&self, run: RunId) -> Option<Arc<Slot>> {
        let slot = &self.runs.get(&run)?.slot;
        slot.kill();
        Some(Arc::clone(slot))
    }

    /// Asks a run to end.
    pub(super) fn cancel(&self, run: RunId) {
        if let Some(running) = self.runs.get(&run) {
            running.slot.cancellation.cancel();
        }
    }

    /// Ends every run. Their slots are to be handed back once the runs are gone.
    pub(super) fn kill_all(&self) {
        for running in self.runs.values() {
            running.slot.kill();
        }
    }

    /// Decides the outcome of every run that has none yet: back to the queue.
    pub(super) fn hand_back_all(&self) -> Vec<JobId> {
        let mut ids = Vec::new();
        for Running { slot, .. } in self.runs.values() {
            ids.push(slot.job.id);
            slot.finish(Finish::HandBack);
        }
        ids.sort_unstable();
        ids
    }

    /// The runs of these jobs.
    pub(super) fn of(&self, ids: &[JobId]) -> Vec<RunId> {
        let holds = |running: &Running| ids.contains(&running.slot.job.id);
        self.runs.iter().filter(|(_, running)| holds(running)).map(|(run, _)| *run).collect()
    }

    /// The jobs that run, lowest id first.
    pub(super) fn ids(&self) -> Vec<JobId> {
        let mut ids: Vec<JobId> = self.runs.values().map(|running| running.slot.job.id).collect();
        ids.sort_unstable();
        ids
    }

    /// Sets what happens to a run and when; one thing at a time.
    pub(super) fn set_deadline(&mut self, run: RunId, deadline: Option<(Instant, Deadline)>) {
        let Some(running) = self.runs.get_mut(&run) else { return };
        if let Some((at, _)) = std::mem::replace(&mut running.deadline, deadline) {
            self.deadlines.remove(&(at, run));
        }
        if let Some((at, _)) = deadline {
            self.deadlines.insert((at, run));
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// A run whose time has come.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<(RunId, Deadline)> {
        let &(at, run) = self.deadlines.first().filter(|(at, _)| *at <= now)?;
        self.deadlines.remove(&(at, run));
        let (_, deadline) = self.runs.get_mut(&run)?.deadline.take()?;
        Some((run, deadline))
    }
}
