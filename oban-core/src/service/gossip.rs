use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::SecondsFormat;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{Outage, every, next_tick};
use crate::{
    Channel, Notifier, QueueInfo, Result,
    engine::Traced,
    runtime::{Queues, Service},
};

/// Tells dashboards what this node's queues do, as Oban's nodes do for Oban Web.
pub(crate) struct Gossip {
    engine: Traced,
    instance: String,
    queues: Arc<Queues>,
    interval: Duration,
    outage: Outage,
}

/// More ids would not fit into a notification.
const MOST_RUNNING: usize = 1_000;

impl Gossip {
    pub(crate) fn new(engine: Traced, instance: String, queues: Arc<Queues>, interval: Duration) -> Self {
        Self { outage: Outage::of(&engine), engine, instance, queues, interval }
    }

    async fn tell(&mut self) -> Result<()> {
        // One notification for each queue, so that none gets too long.
        let infos = self.queues.check().await?;
        let checks: Vec<Value> = infos.iter().map(|info| json!({"checks": [self.check(info)]})).collect();
        if checks.is_empty() { Ok(()) } else { self.engine.notify(Channel::Gossip, &checks).await }
    }

    fn check(&self, info: &QueueInfo) -> Value {
        json!({
            "limit": info.limit,
            "name": self.instance,
            "node": info.node,
            "paused": info.paused,
            "queue": info.queue,
            "running": info.running.iter().take(MOST_RUNNING).collect::<Vec<_>>(),
            "shutdown_started_at": null,
            "started_at": info.started_at.to_rfc3339_opts(SecondsFormat::Micros, true),
            "uuid": info.uuid.to_string(),
        })
    }
}

#[async_trait]
impl Service for Gossip {
    fn name(&self) -> String {
        "gossip".to_owned()
    }

    async fn run(&mut self, shutdown: &CancellationToken) -> Result<()> {
        let mut interval = every(self.interval);
        while next_tick(&mut interval, shutdown).await {
            let told = self.tell().await;
            self.outage.watch("gossip", told);
        }
        Ok(())
    }
}
