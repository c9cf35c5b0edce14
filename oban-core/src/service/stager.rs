use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{Outage, Sounding, every, next_tick};
use crate::{
    Engine, Result, Stage, Staged,
    engine::Traced,
    runtime::{Queues, Service},
    telemetry::{Event, ServiceEvent},
};

/// Makes due jobs available, and wakes this node's queues that have work.
///
/// It runs on every node: rows that another node is staging are passed over. The waking is what a node
/// lives on when notifications do not arrive. Elixir's nodes do without as soon as they hear others, and rely on the
/// leader to announce all work in each round: where such nodes are heard, the leader does.
pub(crate) struct Stager {
    engine: Traced,
    queues: Arc<Queues>,
    interval: Duration,
    leads: watch::Receiver<bool>,
    sounding: watch::Receiver<Sounding>,
    outage: Outage,
}

/// Larger backlogs take several rounds, each a short transaction.
const LIMIT: usize = 5_000;

impl Stager {
    pub(crate) fn new(
        engine: Traced,
        queues: Arc<Queues>,
        interval: Duration,
        leads: watch::Receiver<bool>,
        sounding: watch::Receiver<Sounding>,
    ) -> Self {
        Self { outage: Outage::of(&engine), engine, queues, interval, leads, sounding }
    }

    async fn announce(&self) {
        let is_relied_on = *self.leads.borrow() && self.sounding.borrow().hears_foreigners;
        if is_relied_on && let Err(error) = self.engine.announce_queues().await {
            tracing::debug!(%error, "could not announce work to nodes of other languages");
        }
    }

    /// One round. Whether there may be more to stage at once.
    async fn stage(&mut self) -> bool {
        let names = self.queues.names();
        let began = Instant::now();
        let answer = self.engine.stage_jobs(Stage { limit: LIMIT, queues: &names }).await;
        match self.outage.watch("stager", answer) {
            Some(staged) => {
                self.engine.telemetry().emit(|| {
                    let Staged { jobs, queues } = staged.clone();
                    Event::Service(ServiceEvent::Staged { jobs, queues, duration: began.elapsed() })
                });
                if !staged.jobs.is_empty() {
                    tracing::debug!(count = staged.jobs.len(), "jobs staged");
                }
                self.queues.wake(&staged.queues);
                staged.jobs.len() >= LIMIT
            }
            None => {
                // Jobs that are available already should not suffer for what cannot be staged.
                self.queues.wake(&names);
                false
            }
        }
    }
}

#[async_trait]
impl Service for Stager {
    fn name(&self) -> String {
        "stager".to_owned()
    }

    async fn run(&mut self, shutdown: &CancellationToken) -> Result<()> {
        let mut interval = every(self.interval);
        while next_tick(&mut interval, shutdown).await {
            while self.stage().await && !shutdown.is_cancelled() {}
            self.announce().await;
        }
        Ok(())
    }
}
