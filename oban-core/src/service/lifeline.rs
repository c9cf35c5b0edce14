use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Outage, Pulse, every, next_tick_of_a_leader};
use crate::{Engine, JobState, Rescue, Result, engine::Traced, runtime::Service};

/// Takes jobs back from dead producers, while this node leads.
pub(crate) struct Lifeline {
    engine: Traced,
    leads: watch::Receiver<bool>,
    pulse: watch::Receiver<Pulse>,
    interval: Duration,
    heartbeat: Duration,
    rescue: Rescue,
    outage: Outage,
}

impl Lifeline {
    pub(crate) fn new(
        engine: Traced,
        leads: watch::Receiver<bool>,
        pulse: watch::Receiver<Pulse>,
        heartbeat: Duration,
        rescue: Rescue,
    ) -> Self {
        // As often as hearts beat: no sooner could anything have changed.
        Self { engine, leads, pulse, interval: heartbeat, heartbeat, rescue, outage: Outage::default() }
    }

    /// Whether the silence of others says something about them, and not about this node.
    fn may_judge(&self) -> bool {
        self.pulse.borrow().is_steady_for(self.rescue.stale_after, self.heartbeat)
    }

    /// One round. Whether there may be more to rescue at once.
    async fn rescue(&mut self) -> bool {
        let answer = self.engine.rescue_jobs(self.rescue).await;
        let Some(jobs) = self.outage.watch("lifeline", answer) else { return false };
        let discarded = jobs.iter().filter(|job| job.after == Some(JobState::Discarded)).count();
        if !jobs.is_empty() {
            tracing::warn!(rescued = jobs.len() - discarded, discarded, "took back jobs of dead nodes");
        }
        jobs.len() >= self.rescue.limit
    }
}

#[async_trait]
impl Service for Lifeline {
    fn name(&self) -> String {
        "lifeline".to_owned()
    }

    async fn run(&mut self, shutdown: &CancellationToken) -> Result<()> {
        let mut interval = every(self.interval);
        while next_tick_of_a_leader(&mut interval, shutdown, &mut self.leads).await {
            while self.may_judge() && self.rescue().await && !shutdown.is_cancelled() {}
        }
        Ok(())
    }
}
