use std::time::Duration;

use async_trait::async_trait;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{Lease, Peer};
use crate::{
    Channel, Notice, Notifier, Result, Subscription, backoff,
    engine::Traced,
    runtime::Service,
    telemetry::{Event, PeerEvent},
};

/// Campaigns for leadership until stopped, then resigns.
pub(crate) struct Election {
    engine: Traced,
    lease: Lease,
    leads: watch::Sender<bool>,
    notices: Subscription,
}

/// A third of the lease: two campaigns may fail before it lapses.
const CAMPAIGNS_PER_LEASE: u32 = 3;

/// A stop does not wait longer for a store that does not answer: the lease lapses by itself.
const RESIGN_WITHIN: Duration = Duration::from_secs(2);

impl Election {
    pub(crate) fn new(engine: Traced, lease: Lease, leads: watch::Sender<bool>) -> Self {
        let notices = engine.listen(&[Channel::Leader]);
        Self { engine, lease, leads, notices }
    }

    async fn campaign(&self) {
        let began = Instant::now();
        // Whatever goes wrong, assume the worse: somebody else leads.
        let leads = self.engine.campaign(&self.lease).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "the election could not be held");
            false
        });
        let led = self.leads.send_replace(leads);
        self.engine
            .telemetry()
            .emit(|| Event::Peer(PeerEvent::Campaigned { leads, led, duration: began.elapsed() }));
        if led != leads {
            let (instance, node) = (&self.lease.name, &self.lease.node);
            tracing::info!(instance, node, leads, "leadership changed");
        }
    }

    async fn resign(&self) {
        // Also when it does not lead, as far as it knows: a campaign whose answer was lost may have won.
        if self.leads.send_replace(false) {
            self.engine.telemetry().emit(|| Event::Peer(PeerEvent::Resigned));
        }
        if let Ok(Err(error)) = tokio::time::timeout(RESIGN_WITHIN, self.engine.resign(&self.lease)).await {
            tracing::debug!(%error, "could not resign; the lease lapses by itself");
        }
    }

    fn concerns_us(&self, notice: &Notice) -> bool {
        // What was missed may have been that.
        matches!(notice, Notice::Missed) || notice.text("down") == Some(self.lease.name.as_str())
    }
}

#[async_trait]
impl Service for Election {
    fn name(&self) -> String {
        "election".to_owned()
    }

    async fn run(&mut self, shutdown: &CancellationToken) -> Result<()> {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = self.campaign() => {}
            }
            let wait = backoff::jitter(self.lease.ttl / CAMPAIGNS_PER_LEASE * 9 / 10);
            let next = tokio::time::sleep(wait);
            tokio::pin!(next);
            loop {
                tokio::select! {
                    () = shutdown.cancelled() => {
                        self.resign().await;
                        return Ok(());
                    }
                    () = &mut next => break,
                    Some(notice) = self.notices.next() => {
                        if self.concerns_us(&notice) && !*self.leads.borrow() {
                            break;
                        }
                    }
                }
            }
        }
    }
}
