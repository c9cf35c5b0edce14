//! The runs of one producer.

use std::{
    collections::{BTreeSet, HashMap, hash_map::Entry},
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

use super::{
    inbox::Inbox,
    slot::{RunId, Slot},
};
use crate::{
    Job, JobId,
    telemetry::{Event, JobEvent, Telemetry},
};

/// What happens to a run when its time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deadline {
    /// It has taken too long and fails.
    Timeout(Duration),
    /// It has failed, but its worker's `backoff` does not answer.
    Force(Duration),
    /// It was cancelled and had its grace.
    Cancelled,
    /// Its row is another's now, or nobody's, and it had its grace.
    Gone,
}

#[derive(Debug)]
struct Running {
    slot: Arc<Slot>,
    since: Instant,
    deadline: Option<(Instant, Deadline)>,
}

/// The runs that hold a slot.
#[derive(Debug)]
pub(super) struct Runs {
    telemetry: Telemetry,
    runs: HashMap<JobId, Running>,
    deadlines: BTreeSet<(Instant, RunId)>,
    last: u64,
}

impl Runs {
    pub(super) fn new(telemetry: Telemetry) -> Self {
        Self { telemetry, runs: HashMap::new(), deadlines: BTreeSet::new(), last: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.runs.len()
    }

    /// Takes up a fetched job.
    pub(super) fn add(&mut self, job: Arc<Job>, inbox: Arc<Inbox>, since: Instant) -> Arc<Slot> {
        // Given to us again, it was taken from the old run: that one must not go on beside the new.
        if let Some(run) = self.of(job.id) {
            self.abandon(run);
        }
        self.last += 1;
        let run = RunId { job: job.id, number: self.last };
        let slot = Arc::new(Slot::new(run, job, inbox));
        self.runs.insert(run.job, Running { slot: Arc::clone(&slot), since, deadline: None });
        slot
    }

    /// Frees the slot of a run that is over. Tells when it was given, and what would have happened to the run.
    pub(super) fn remove(&mut self, run: RunId) -> Option<(Instant, Option<Deadline>)> {
        let Entry::Occupied(entry) = self.runs.entry(run.job) else { return None };
        if entry.get().slot.run != run {
            return None;
        }
        let Running { since, deadline, .. } = entry.remove();
        if let Some((at, _)) = deadline {
            self.deadlines.remove(&(at, run));
        }
        Some((since, deadline.map(|(_, deadline)| deadline)))
    }

    /// Ends a run whose outcome no longer counts.
    pub(super) fn abandon(&mut self, run: RunId) {
        if let Some(running) = self.get(run) {
            let slot = &running.slot;
            let dropped = slot.claim();
            slot.kill();
            if dropped && let Some(story) = slot.story(None) {
                self.telemetry.emit(|| Event::Job(JobEvent::Dropped { run: story.run }));
            }
        }
        self.remove(run);
    }

    /// Ends a run that fails from outside. It keeps its slot until its failure is reported.
    pub(super) fn kill(&self, run: RunId) -> Option<Arc<Slot>> {
        let slot = &self.get(run)?.slot;
        slot.kill();
        Some(Arc::clone(slot))
    }

    /// Asks a run to end.
    pub(super) fn cancel(&self, run: RunId) {
        if let Some(running) = self.get(run) {
            running.slot.cancellation.cancel();
        }
    }

    /// Asks every run to end.
    pub(super) fn cancel_all(&self) {
        for running in self.runs.values() {
            running.slot.cancellation.cancel();
        }
    }

    /// Ends every run. Their slots are to be handed back once the runs are gone.
    pub(super) fn kill_all(&self) {
        for running in self.runs.values() {
            running.slot.kill();
        }
    }

    /// Takes the right to decide from every run that has not used it, and tells which.
    pub(super) fn claim_all(&self) -> Vec<Arc<Slot>> {
        let mut slots: Vec<_> = self.runs.values().map(|running| Arc::clone(&running.slot)).collect();
        slots.retain(|slot| slot.claim());
        slots.sort_unstable_by_key(|slot| slot.job.id);
        slots
    }

    /// The run of a job.
    pub(super) fn of(&self, id: JobId) -> Option<RunId> {
        self.runs.get(&id).map(|running| running.slot.run)
    }

    /// The jobs that run, lowest id first.
    pub(super) fn ids(&self) -> Vec<JobId> {
        let mut ids: Vec<JobId> = self.runs.values().map(|running| running.slot.job.id).collect();
        ids.sort_unstable();
        ids
    }

    /// Sets what happens to a run and when; one thing at a time.
    pub(super) fn set_deadline(&mut self, run: RunId, deadline: Option<(Instant, Deadline)>) {
        let Some(running) = self.get_mut(run) else { return };
        let before = std::mem::replace(&mut running.deadline, deadline);
        if let Some((at, _)) = before {
            self.deadlines.remove(&(at, run));
        }
        if let Some((at, _)) = deadline {
            self.deadlines.insert((at, run));
        }
    }

    /// What is going to happen to a run.
    pub(super) fn deadline(&self, run: RunId) -> Option<Deadline> {
        self.get(run)?.deadline.map(|(_, deadline)| deadline)
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// A run whose time has come.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<(RunId, Deadline)> {
        let &(at, run) = self.deadlines.first().filter(|(at, _)| *at <= now)?;
        self.deadlines.remove(&(at, run));
        let (_, deadline) = self.get_mut(run)?.deadline.take()?;
        Some((run, deadline))
    }

    fn get(&self, run: RunId) -> Option<&Running> {
        self.runs.get(&run.job).filter(|running| running.slot.run == run)
    }

    fn get_mut(&mut self, run: RunId) -> Option<&mut Running> {
        self.runs.get_mut(&run.job).filter(|running| running.slot.run == run)
    }
}
