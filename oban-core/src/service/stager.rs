use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::{Outage, every, next_tick};
use crate::{
    Engine, Result, Stage,
    engine::Traced,
    runtime::{Queues, Service},
};

/// Makes due jobs available, and wakes this node's queues that have work.
///
/// It runs on every node: rows that another node is staging are passed over. The waking is what a node
/// lives on when notifications do not arrive.
pub(crate) struct Stager {
    engine: Traced,
    queues: Arc<Queues>,
    interval: Duration,
    outage: Outage,
}

/// Larger backlogs take several rounds, each a short transaction.
const LIMIT: usize = 5_000;

impl Stager {
    pub(crate) fn new(engine: Traced, queues: Arc<Queues>, interval: Duration) -> Self {
        Self { engine, queues, interval, outage: Outage::default() }
    }

    /// One round. Whether there may be more to stage at once.
    async fn stage(&mut self) -> bool {
        let names = self.queues.names();
        let answer = self.engine.stage_jobs(Stage { limit: LIMIT, queues: &names }).await;
        match self.outage.watch("stager", answer) {
            Some(staged) => {
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
        }
        Ok(())
    }
}
