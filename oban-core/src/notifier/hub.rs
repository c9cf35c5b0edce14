use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::Value;
use tokio::sync::broadcast::{self, error::RecvError};

use super::Channel;

/// The part of a notifier inside a process: hands notices to subscriptions. Clones are one hub.
#[derive(Clone, Debug)]
pub struct Hub {
    sender: broadcast::Sender<Notice>,
    rejected: Arc<AtomicU64>,
}

/// What a subscription hears.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// A hint came.
    Hint {
        /// What it is about.
        channel: Channel,
        /// A JSON object, but trust nothing in it.
        payload: Arc<Value>,
    },
    /// Hints may have been lost: look for yourself.
    Missed,
}

/// One subscriber's view of a [`Hub`].
#[derive(Debug)]
pub struct Subscription {
    receiver: broadcast::Receiver<Notice>,
    channels: Vec<Channel>,
}

/// A subscriber that falls further behind hears [`Notice::Missed`] instead.
const BACKLOG: usize = 1024;

impl Hub {
    /// A hub without subscribers.
    pub fn new() -> Self {
        Self { sender: broadcast::Sender::new(BACKLOG), rejected: Arc::default() }
    }

    /// Subscribes to channels.
    pub fn listen(&self, channels: &[Channel]) -> Subscription {
        Subscription { receiver: self.sender.subscribe(), channels: channels.to_vec() }
    }

    /// Hands a hint to those who listen to its channel.
    pub fn publish(&self, channel: Channel, payload: Value) {
        self.send(Notice::Hint { channel, payload: Arc::new(payload) });
    }

    /// Drops a hint that cannot be understood, and counts it.
    pub fn reject(&self, channel: impl fmt::Display, payload: &str) {
        let rejected = self.rejected.fetch_add(1, Ordering::Relaxed) + 1;
        tracing::debug!(%channel, payload, rejected, "dropped a notification that cannot be understood");
    }

    /// How many hints could not be understood so far.
    pub fn rejected(&self) -> u64 {
        self.rejected.load(Ordering::Relaxed)
    }

    /// Tells every subscriber that hints may have been lost.
    pub fn missed(&self) {
        self.send(Notice::Missed);
    }

    fn send(&self, notice: Notice) {
        // Without a subscriber there is nobody to tell.
        let _ = self.sender.send(notice);
    }
}

impl Default for Hub {
    fn default() -> Self {
        Self::new()
    }
}

impl Subscription {
    /// The next notice on these channels; `None` when the notifier is gone. Cancel-safe.
    pub async fn next(&mut self) -> Option<Notice> {
        loop {
            match self.receiver.recv().await {
                Ok(Notice::Hint { channel, .. }) if !self.channels.contains(&channel) => {}
                Ok(notice) => return Some(notice),
                Err(RecvError::Lagged(_)) => return Some(Notice::Missed),
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

impl Notice {
    /// The text at `key` of a hint's payload.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self {
            Self::Hint { payload, .. } => payload.get(key)?.as_str(),
            Self::Missed => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BACKLOG, Hub, Notice};
    use crate::Channel;
    use serde_json::json;

    #[tokio::test]
    async fn hears_its_channels_only_and_learns_of_gaps() {
        let hub = Hub::new();
        let mut subscription = hub.listen(&[Channel::Insert]);
        hub.publish(Channel::Sonar, json!({"node": "a"}));
        hub.publish(Channel::Insert, json!({"queue": "mailers"}));
        assert_eq!(subscription.next().await.unwrap().text("queue"), Some("mailers"));
        for _ in 0..=BACKLOG {
            hub.publish(Channel::Insert, json!({"queue": "mailers"}));
        }
        assert_eq!(subscription.next().await, Some(Notice::Missed));
        drop(hub);
        while let Some(notice) = subscription.next().await {
            assert_eq!(notice.text("queue"), Some("mailers"));
        }
    }
}
