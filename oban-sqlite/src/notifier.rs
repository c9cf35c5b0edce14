//! Hints: to this process at once after the commit, to others through a small table.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use async_trait::async_trait;
use oban_core::{Channel, Hub, Notifier, Result, Subscription};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{Sqlite, watcher::Watcher};

/// The part of a notifier that its engine's threads share.
#[derive(Debug)]
pub(crate) struct Relay {
    hub: Hub,
    origin: String,
    watcher: Mutex<Weak<Watcher>>,
}

impl Relay {
    pub(crate) fn new() -> Self {
        Self { hub: Hub::new(), origin: Uuid::new_v4().to_string(), watcher: Mutex::default() }
    }

    /// Marks the hints that this process has heard already.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Where subscriptions listen.
    pub(crate) fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Hands hints to the subscriptions, if a notifier runs.
    pub(crate) fn publish(&self, hints: Vec<(Channel, Value)>) {
        if hints.is_empty() || self.lock().strong_count() == 0 {
            return;
        }
        for (channel, payload) in hints {
            self.hub.publish(channel, payload);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Weak<Watcher>> {
        self.watcher.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sqlite {
    /// The watcher that runs, or a new one. It ends with the last `run` that holds it.
    async fn watcher(&self) -> Result<Arc<Watcher>> {
        if let Some(watcher) = self.relay().lock().upgrade().filter(|watcher| !watcher.has_ended()) {
            return Ok(watcher);
        }
        let watcher = Arc::new(self.watch().await?);
        let mut current = self.relay().lock();
        // Another `run` may have been faster; two watchers would say everything twice.
        if let Some(faster) = current.upgrade().filter(|watcher| !watcher.has_ended()) {
            return Ok(faster);
        }
        watcher.begin();
        *current = Arc::downgrade(&watcher);
        Ok(watcher)
    }
}

#[async_trait]
impl Notifier for Sqlite {
    fn listen(&self, channels: &[Channel]) -> Subscription {
        self.relay().hub().listen(channels)
    }

    async fn notify(&self, channel: Channel, payloads: &[Value]) -> Result<()> {
        let payloads = payloads.to_vec();
        self.write("notify", move |write| {
            payloads.into_iter().try_for_each(|payload| write.notify(channel, payload))
        })
        .await
    }

    async fn run(&self, shutdown: CancellationToken) -> Result<()> {
        let watcher = self.watcher().await?;
        tokio::select! {
            () = shutdown.cancelled() => Ok(()),
            () = watcher.ended() => Err(crate::error::lost("listen")),
        }
    }
}
