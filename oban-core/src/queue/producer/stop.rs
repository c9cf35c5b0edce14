//! What a producer does from the stop on.

use serde_json::json;

use super::{KILL_GRACE, Producer};
use crate::{
    Ack, Channel, Engine, Finish, JobId, Notifier,
    queue::watchman::{Order, Watchman},
    telemetry::QueueEvent,
};

impl Producer {
    /// What comes next.
    pub(super) fn order(&mut self) -> Option<Order> {
        let untold = self.acker.len() + self.calls.len() + usize::from(self.lost_answer);
        self.watchman.as_mut().map(|watchman| watchman.order(self.runs.len(), untold))
    }

    pub(super) async fn hand_back(&mut self) {
        self.runs.kill_all();
        self.tracker.close();
        // Rather not before the runs are gone: another node may start these jobs at once.
        let _ = tokio::time::timeout(KILL_GRACE, self.tracker.wait()).await;
        let slots = self.runs.claim_all();
        for slot in &slots {
            self.runs.remove(slot.run);
            self.acker.push(Ack::of(&slot.job, Finish::HandBack), slot.story(None));
        }
        let ids: Vec<JobId> = slots.iter().map(|slot| slot.job.id).collect();
        if let Some(watchman) = &mut self.watchman {
            watchman.handed_back(&ids);
        }
        self.orphans.extend(ids);
    }

    pub(super) fn tell_stopped(&self) {
        self.tell(|queue| QueueEvent::Stopped {
            queue,
            elapsed: self.watchman.as_ref().map(Watchman::elapsed).unwrap_or_default(),
            handed_back: self.orphans.clone(),
            unstored: self.acker.len(),
        });
    }

    /// The last words of a queue that has told the store everything.
    pub(super) async fn sign_off(&mut self) {
        // Other nodes need not wait until they look for themselves.
        let work = [json!({"queue": self.meta.queue})];
        if !self.orphans.is_empty()
            && let Err(error) = self.engine.notify(Channel::Insert, &work).await
        {
            tracing::debug!(%error, queue = self.meta.queue, "could not announce the jobs handed back");
        }
        self.wiring.meta.send_replace(None);
        self.wiring.hearts.settle().await;
        if let Err(error) = self.engine.shutdown_queue(&self.meta).await {
            tracing::warn!(%error, queue = self.meta.queue, "could not sign off; the registration goes stale by itself");
        }
        self.tell_stopped();
    }
}
