use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use serde_json::json;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    Channel, Lease, Notice, Notifier, Result, Subscription, backoff,
    engine::Traced,
    runtime::Service,
    telemetry::{Event, NotifierEvent},
};

/// Finds out whether notifications arrive, by pinging and listening.
pub(crate) struct Sonar {
    engine: Traced,
    us: Lease,
    notices: Subscription,
    heard: HashMap<Voice, Instant>,
    sounding: watch::Sender<Sounding>,
    wait: Duration,
    /// Another process of our name was heard, and that was said.
    has_namesake: bool,
}

/// Whose ping was heard. Nodes of other languages have no uuid.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Voice {
    node: String,
    uuid: Option<String>,
}

/// What sonar has found out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sounding {
    pub(crate) status: SonarStatus,
    /// Nodes of other languages are heard, which wait for their leader to announce work.
    pub(crate) hears_foreigners: bool,
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
    /// `us` says by which name, node and uuid others know this node.
    pub(crate) fn new(engine: Traced, us: Lease, sounding: watch::Sender<Sounding>) -> Self {
        let notices = engine.listen(&[Channel::Sonar]);
        let heard = HashMap::new();
        Self { engine, us, notices, heard, sounding, wait: FIRST_WAIT, has_namesake: false }
    }

    async fn ping(&self) {
        let Lease { name, node, uuid, .. } = &self.us;
        let ping = [json!({"name": name, "node": node, "ping": true, "uuid": uuid.to_string()})];
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
        let Some(node) = notice.text("node") else { return };
        let voice = Voice { node: node.to_owned(), uuid: notice.text("uuid").map(str::to_owned) };
        if notice.text("name") == Some(self.us.name.as_str()) {
            self.look_for_namesakes(&voice);
        }
        self.heard.insert(voice, Instant::now());
        self.judge();
    }

    fn look_for_namesakes(&mut self, voice: &Voice) {
        let is_namesake = voice.node == self.us.node && voice.uuid != self.our_voice().uuid;
        if is_namesake && !std::mem::replace(&mut self.has_namesake, true) {
            let node = &self.us.node;
            tracing::warn!(
                node,
                "another process has this node's name: commands to one reach both; name them apart"
            );
        }
    }

    fn our_voice(&self) -> Voice {
        Voice { node: self.us.node.clone(), uuid: Some(self.us.uuid.to_string()) }
    }

    fn judge(&mut self) {
        let now = Instant::now();
        self.heard.retain(|_, at| now - *at < STALE_AFTER);
        let status = match (self.heard.contains_key(&self.our_voice()), self.heard.len()) {
            (_, 0) => SonarStatus::Isolated,
            (true, 1) => SonarStatus::Solitary,
            _ => SonarStatus::Clustered,
        };
        let hears_foreigners = self.heard.keys().any(|voice| voice.uuid.is_none());
        let before = self.sounding.send_replace(Sounding { status, hears_foreigners });
        if before.status != status {
            self.engine
                .telemetry()
                .emit(|| Event::Notifier(NotifierEvent::Switched { before: before.status, after: status }));
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
