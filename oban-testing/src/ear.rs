use std::{sync::Arc, time::Duration};

use oban_core::{Channel, Engine, Notice, Result, Subscription};
use serde_json::{Value, json};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Hears the hints of one channel at one node.
///
/// Nothing waits for a span of time: an ear sends probes of its own, and what was announced before
/// a probe is heard before it.
#[derive(Debug)]
pub struct Ear {
    engine: Arc<dyn Engine>,
    channel: Channel,
    subscription: Subscription,
    _relay: JoinSet<Result<()>>,
}

const PROBE: &str = "probe";
const PATIENCE: Duration = Duration::from_secs(20);

impl Ear {
    /// Subscribes, runs the engine's notifier, and returns once a probe was heard.
    ///
    /// # Panics
    /// When none is heard in 20 seconds.
    pub async fn new(engine: Arc<dyn Engine>, channel: Channel) -> Self {
        let subscription = engine.listen(&[channel]);
        let mut relay = JoinSet::new();
        let runner = Arc::clone(&engine);
        relay.spawn(async move { runner.run(CancellationToken::new()).await });
        let mut ear = Self { engine, channel, subscription, _relay: relay };
        let deadline = Instant::now() + PATIENCE;
        loop {
            let probe = ear.probe().await;
            if timeout(Duration::from_millis(100), ear.until(&probe)).await.is_ok() {
                return ear;
            }
            assert!(
                Instant::now() < deadline,
                "the notifier runs for {PATIENCE:?} and hears nothing on {channel}"
            );
        }
    }

    /// Every hint since the last call.
    ///
    /// # Panics
    /// When the channel falls silent.
    pub async fn heard(&mut self) -> Vec<Value> {
        let probe = self.probe().await;
        match timeout_at(Instant::now() + PATIENCE, self.until(&probe)).await {
            Ok(hints) => hints,
            Err(_) => panic!("a hint on {} was not heard for {PATIENCE:?}", self.channel),
        }
    }

    /// The queues announced since the last call, sorted, each as often as it was.
    pub async fn queues(&mut self) -> Vec<String> {
        let hints = self.heard().await;
        let name =
            |hint: &Value| hint["queue"].as_str().unwrap_or_else(|| panic!("no queue in {hint}")).to_owned();
        let mut queues: Vec<String> = hints.iter().map(name).collect();
        queues.sort();
        queues
    }

    async fn probe(&self) -> String {
        let probe = Uuid::new_v4().to_string();
        self.engine.notify(self.channel, &[json!({ PROBE: probe })]).await.unwrap();
        probe
    }

    /// What is heard before this probe. Probes of other ears, and of former attempts, are no hints.
    async fn until(&mut self, probe: &str) -> Vec<Value> {
        let mut hints = Vec::new();
        loop {
            match self.subscription.next().await.expect("the notifier is there") {
                notice if notice.text(PROBE) == Some(probe) => return hints,
                Notice::Hint { payload, .. } if payload.get(PROBE).is_none() => {
                    hints.push(payload.as_ref().clone())
                }
                Notice::Hint { .. } | Notice::Missed => {}
            }
        }
    }
}
