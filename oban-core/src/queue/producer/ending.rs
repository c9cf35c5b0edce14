//! How a producer's runs end: by themselves, or from outside.

use std::time::Duration;

use tokio::time::Instant;

use super::Producer;
use crate::{
    Ack, Finish, JobId,
    queue::{
        executor::{forced, timed_out},
        running::Deadline,
        slot::{RunId, Story},
    },
};

/// How long a worker's `backoff` may take to answer.
const BACKOFF_GRACE: Duration = Duration::from_secs(5);
const CANCELLED: &str = "cancelled while it ran";

impl Producer {
    /// Takes an outcome. Tells when the run was given its slot, if it still had it.
    pub(super) fn finished(
        &mut self,
        run: RunId,
        mut ack: Ack,
        story: Option<Box<Story>>,
    ) -> Option<Instant> {
        let removed = self.runs.remove(run);
        let was_cancelled = removed.is_some_and(|(_, deadline)| deadline == Some(Deadline::Cancelled));
        // Our jobs are cancelled in the store already. Where a node of another language left that to the run, the job
        // is not to run again.
        if was_cancelled && matches!(ack.finish, Finish::Retry { .. } | Finish::Snooze { .. }) {
            ack.finish = Finish::Cancel { error: CANCELLED.to_owned() };
        }
        self.acker.push(ack, story);
        removed.map(|(since, _)| since)
    }

    /// Has the runs of cancelled jobs end. Those that a fetch under way may bring are remembered until it is answered.
    pub(super) fn cancel(&mut self, ids: Vec<JobId>) {
        if self.calls.demand() > 0 {
            self.cancelled.extend(ids.iter().filter(|id| self.runs.of(**id).is_none()));
        }
        self.end(ids, Deadline::Cancelled);
    }

    /// Asks runs to end, and ends them after a grace; once, however often it is said.
    pub(super) fn end(&mut self, ids: Vec<JobId>, why: Deadline) {
        for job in self.ahead.remove(&ids) {
            // As for a run that is cancelled: taken by the store only if that was left to us.
            if why == Deadline::Cancelled {
                self.acker.push(Ack::of(&job, Finish::Cancel { error: CANCELLED.to_owned() }), None);
            }
        }
        let at = Instant::now() + self.wiring.cancel_grace;
        for id in ids {
            let Some(run) = self.runs.of(id) else { continue };
            if !matches!(self.runs.deadline(run), Some(Deadline::Cancelled | Deadline::Gone)) {
                self.runs.cancel(run);
                self.runs.set_deadline(run, Some((at, why)));
            }
        }
    }

    pub(super) fn enforce_deadlines(&mut self) {
        let now = Instant::now();
        while let Some((run, deadline)) = self.runs.take_due(now) {
            match deadline {
                Deadline::Timeout(after) => self.time_out(run, after),
                Deadline::Force(after) => {
                    if let Some(slot) = self.runs.kill(run) {
                        slot.finish(forced(&slot.job, after));
                    }
                }
                // Taken by the store only if whoever cancelled it has left that to the run, as Python's nodes do.
                Deadline::Cancelled => {
                    if let Some(slot) = self.runs.kill(run) {
                        slot.finish(Finish::Cancel { error: CANCELLED.to_owned() });
                    }
                }
                Deadline::Gone => self.runs.abandon(run),
            }
        }
    }

    fn time_out(&mut self, run: RunId, after: Duration) {
        let Some(slot) = self.runs.kill(run) else { return };
        let failure = timed_out(&slot.job, after);
        self.executor.fail(slot, failure);
        self.runs.set_deadline(run, Some((Instant::now() + BACKOFF_GRACE, Deadline::Force(after))));
    }
}
