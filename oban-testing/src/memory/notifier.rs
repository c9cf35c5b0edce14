use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use oban_core::{Channel, Notifier, Result, Subscription};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::Memory;

#[async_trait]
impl Notifier for Memory {
    fn listen(&self, channels: &[Channel]) -> Subscription {
        self.shared.hub.listen(channels)
    }

    async fn notify(&self, channel: Channel, payloads: &[Value]) -> Result<()> {
        for payload in payloads {
            self.publish(channel, payload.clone());
        }
        Ok(())
    }

    async fn run(&self, shutdown: CancellationToken) -> Result<()> {
        let _relay = Relay::start(&self.shared.relays);
        // Whatever was published before this moment may have gone unheard.
        self.shared.hub.missed();
        shutdown.cancelled().await;
        Ok(())
    }
}

impl Memory {
    /// Tells the subscriptions of all clones, once one of them runs its notifier.
    pub(super) fn publish(&self, channel: Channel, payload: Value) {
        if self.shared.relays.load(Ordering::Acquire) > 0 {
            self.shared.hub.publish(channel, payload);
        }
    }
}

/// Counts a running notifier, until it is dropped: a run may be aborted.
struct Relay<'a>(&'a AtomicUsize);

impl<'a> Relay<'a> {
    fn start(relays: &'a AtomicUsize) -> Self {
        relays.fetch_add(1, Ordering::AcqRel);
        Self(relays)
    }
}

impl Drop for Relay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
