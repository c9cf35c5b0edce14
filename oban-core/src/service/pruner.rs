use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Outage, every, next_tick_of_a_leader};
use crate::{Engine, Prune, Result, engine::Traced, runtime::Service};

/// Deletes finished jobs that are old enough, while this node leads.
pub(crate) struct Pruner {
    engine: Traced,
    leads: watch::Receiver<bool>,
    prune: Prune,
    outage: Outage,
}

const INTERVAL: Duration = Duration::from_secs(30);

impl Pruner {
    pub(crate) fn new(engine: Traced, leads: watch::Receiver<bool>, prune: Prune) -> Self {
        Self { engine, leads, prune, outage: Outage::default() }
    }

    /// One bounded batch. Whether a backlog may be left.
    async fn prune(&mut self) -> bool {
        let answer = self.engine.prune_jobs(self.prune).await;
        let Some(jobs) = self.outage.watch("pruner", answer) else { return false };
        if !jobs.is_empty() {
            tracing::debug!(count = jobs.len(), "old jobs pruned");
        }
        jobs.len() >= self.prune.limit
    }
}

#[async_trait]
impl Service for Pruner {
    fn name(&self) -> String {
        "pruner".to_owned()
    }

    async fn run(&mut self, shutdown: &CancellationToken) -> Result<()> {
        let mut interval = every(INTERVAL);
        while next_tick_of_a_leader(&mut interval, shutdown, &mut self.leads).await {
            while *self.leads.borrow() && self.prune().await && !shutdown.is_cancelled() {
                // Between batches others get their turn.
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }
}
