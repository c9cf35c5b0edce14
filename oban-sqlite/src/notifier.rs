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
    watcher: Mutex<Weak<Watcher>>,
}

impl Relay {
    /// Where subscriptions listen.
    pub(crate) fn hub(&self) -> &Hub {
        &self.hub
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
        // Another `run` may have been faster; two watchers would say everything twice.
        if let Some(faster) = current.upgrade().filter(|watcher| !watcher.has_ended()) {
            return Ok(faster);
        }
        watcher.wake();
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
