//! What a producer does from the stop on.

use std::sync::Arc;

use serde_json::json;

use super::{KILL_GRACE, Producer};
use crate::{Ack, Channel, Engine, Finish, Job, JobId, Notifier, queue::watchman::Order};

impl Producer {
    /// What comes next.
    pub(super) fn order(&mut self) -> Option<Order> {
        let untold = self.acker.len() + self.calls.len() + usize::from(self.lost_answer);
        self.watchman.as_mut().map(|watchman| watchman.order(self.runs.len(), untold))
    }

    /// Hands back what a fetch brought after the stop had begun.
    pub(super) fn refuse(&mut self, jobs: &[Arc<Job>]) {
        self.orphans |= !jobs.is_empty();
        for job in jobs {
            self.acker.push(Ack::of(job, Finish::HandBack));
        }
    }

    pub(super) async fn hand_back(&mut self) {
        self.runs.kill_all();
        self.tracker.close();
        // Rather not before the runs are gone: another node may start these jobs at once.
        let _ = tokio::time::timeout(KILL_GRACE, self.tracker.wait()).await;
        let slots = self.runs.claim_all();
        for slot in &slots {
            self.runs.remove(slot.run);
            self.acker.push(Ack::of(&slot.job, Finish::HandBack));
        }
        if let Some(watchman) = &mut self.watchman {
            let ids: Vec<JobId> = slots.iter().map(|slot| slot.job.id).collect();
            watchman.handed_back(&ids);
        }
        self.orphans |= !slots.is_empty();
    }

    /// The last words of a queue that has told the store everything.
    pub(super) async fn sign_off(&mut self) {
        // Other nodes need not wait until they look for themselves.
        let work = [json!({"queue": self.meta.queue})];
        if self.orphans
            && let Err(error) = self.engine.notify(Channel::Insert, &work).await
        {
            tracing::debug!(%error, queue = self.meta.queue, "could not announce the jobs handed back");
        }
        if let Err(error) = self.engine.shutdown_queue(&self.meta).await {
            tracing::warn!(%error, queue = self.meta.queue, "could not sign off; the registration goes stale by itself");
        }
    }
}
