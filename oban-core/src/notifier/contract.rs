use async_trait::async_trait;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Channel, Subscription};
use crate::Result;

/// Publishes and hears hints.
///
/// # Contract
///
/// - A hint may be lost, doubled or late. After a gap (before it ran, a lost connection, a slow subscriber)
///   subscribers get [`Notice::Missed`](super::Notice::Missed) and look for themselves.
/// - Every subscriber hears every node's hints, its own node's included.
/// - What cannot be understood is dropped, with a `tracing` event, and harms nothing.
/// - [`run`](Notifier::run) does the listening. Before it runs and while it is restarted, subscriptions
///   stay valid and silent. Several nodes in one process may run one notifier at once; each
///   subscriber still hears a hint once.
#[async_trait]
pub trait Notifier {
    /// Subscribes to channels. Takes effect at once.
    fn listen(&self, channels: &[Channel]) -> Subscription;

    /// Publishes hints, each payload a JSON object.
    async fn notify(&self, channel: Channel, payloads: &[Value]) -> Result<()>;

    /// Relays what is published to the subscriptions until `shutdown`. Handles lost
    /// connections by itself; returns an error only when it cannot go on, and is then started again.
    async fn run(&self, shutdown: CancellationToken) -> Result<()>;
}
