use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use serde_json::json;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{Channel, Notice, Notifier, Result, Subscription, backoff, engine::Traced, runtime::Service};

/// Finds out whether notifications arrive, by pinging and listening.
pub(crate) struct Sonar {
    engine: Traced,
    node: String,
    notices: Subscription,
    heard: HashMap<String, Instant>,
    status: watch::Sender<SonarStatus>,
    wait: Duration,
}

/// What a node knows of its notifications.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SonarStatus {
    /// Not known yet.
    #[default]
    Unknown,
    /// Not even the node's own pings arrive: it finds work by asking once in each staging interval.
    Isolated,
    /// Notifications arrive, and this node is alone.
    Solitary,
    /// Notifications of other nodes arrive.
    Clustered,
}

/// Pings come this often after a change, and ever more rarely while nothing changes.
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Between the first two pings.
const WARM_UP: Duration = Duration::from_millis(500);

/// A node not heard for so long is gone.
const STALE_AFTER: Duration = Duration::from_secs(120);

impl Sonar {
    pub(crate) fn new(engine: Traced, node: String, status: watch::Sender<SonarStatus>) -> Self {
        let notices = engine.listen(&[Channel::Sonar]);
        Self { engine, node, notices, heard: HashMap::new(), status, wait: FIRST_WAIT }
    }

    async fn ping(&self) {
        let ping = [json!({"node": self.node, "ping": true})];
        if let Err(error) = self.engine.notify(Channel::Sonar, &ping).await {
            tracing::debug!(%error, "could not ping");
        }
    }

    /// Hears what comes until about `wait` after a ping; `false` when it is time to stop.
    async fn ping_and_hear(&mut self, wait: Duration, shutdown: &CancellationToken) -> bool {
        self.ping().await;
        let next = tokio::time::sleep(backoff::jitter(wait));
        tokio::pin!(next);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return false,
                Some(notice) = self.notices.next() => self.hear(&notice),
                () = &mut next => return true,
            }
        }
    }

    fn hear(&mut self, notice: &Notice) {
        if let Some(node) = notice.text("node") {
            self.heard.insert(node.to_owned(), Instant::now());
            self.judge();
        }
    }

    fn judge(&mut self) {
        let now = Instant::now();
        self.heard.retain(|_, at| now - *at < STALE_AFTER);
        let status = match (self.heard.contains_key(&self.node), self.heard.len()) {
            (_, 0) => SonarStatus::Isolated,
            (true, 1) => SonarStatus::Solitary,
            _ => SonarStatus::Clustered,
        };
        let before = self.status.send_replace(status);
        if before != status {
            self.wait = FIRST_WAIT;
            match status {
                SonarStatus::Isolated => {
                    tracing::warn!("notifications do not arrive; looking for work by the clock")
                }
                _ => tracing::info!(?status, "notifications arrive"),
            }
        }
    }

    fn slow_down(&mut self) {
        let longest = if self.heard.is_empty() { FIRST_WAIT } else { LONGEST_WAIT };
        self.wait = (self.wait * 2).min(longest);
    }
}

#[async_trait]
impl Service for Sonar {
    fn name(&self) -> String {
        "sonar".to_owned()
    }

    async fn run(&mut self, shutdown: &CancellationToken) -> Result<()> {
        // The first ping may be sent before the notifier listens: unheard, it proves nothing.
        if !self.ping_and_hear(WARM_UP, shutdown).await {
            return Ok(());
        }
        while self.ping_and_hear(self.wait, shutdown).await {
            self.slow_down();
            self.judge();
        }
        Ok(())
    }
}
