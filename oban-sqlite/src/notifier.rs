//! Hints, by way of a small table: a transaction announces what it does as a part of itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use async_trait::async_trait;
use oban_core::{Channel, Hub, Notifier, Result, Subscription};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{Sqlite, error, watcher::Watcher};

/// The part of a notifier that its engine's threads share.
#[derive(Debug, Default)]
pub(crate) struct Relay {
    hub: Hub,
    /// The last hint that was handed on. Watchers that follow each other, or overlap, share it, so
    /// nothing is lost or doubled between them.
    position: Mutex<Option<i64>>,
    watcher: Mutex<Weak<Watcher>>,
}

impl Relay {
    /// Where subscriptions listen.
    pub(crate) fn hub(&self) -> &Hub {
        &self.hub
    }

    /// The id of the last hint that was handed on; `None` before the first look.
    pub(crate) fn position(&self) -> MutexGuard<'_, Option<i64>> {
        self.position.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has new hints heard now, if a notifier runs.
    pub(crate) fn wake(&self) {
        if let Some(watcher) = self.running() {
            watcher.wake();
        }
    }

    fn running(&self) -> Option<Arc<Watcher>> {
        self.lock().upgrade().filter(|watcher| !watcher.has_ended())
    }

    fn lock(&self) -> MutexGuard<'_, Weak<Watcher>> {
        self.watcher.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sqlite {
    /// The watcher that runs, or a new one. It ends with the last `run` that holds it.
    async fn watcher(&self) -> Result<Arc<Watcher>> {
        if let Some(watcher) = self.relay().running() {
            return Ok(watcher);
        }
        let watcher = Arc::new(self.watch().await?);
        let mut current = self.relay().lock();
        // Another `run` may have been faster, and one thread is enough.
        if let Some(faster) = current.upgrade().filter(|watcher| !watcher.has_ended()) {
            return Ok(faster);
        }
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
            payloads.iter().try_for_each(|payload| write.notify(channel, payload))
        })
        .await
    }

    async fn run(&self, shutdown: CancellationToken) -> Result<()> {
        let watcher = self.watcher().await?;
        tokio::select! {
            () = shutdown.cancelled() => Ok(()),
            () = watcher.ended() => Err(error::lost("listen")),
        }
    }
}
