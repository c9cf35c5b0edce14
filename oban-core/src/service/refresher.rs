use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{Outage, every, next_tick};
use crate::{
    Engine, Error, ErrorKind, Result,
    engine::Traced,
    queue::Hearts,
    runtime::{Queues, Service, Supervisor},
};

/// Beats the hearts of this node's producers.
pub(crate) struct Refresher {
    engine: Traced,
    supervisor: Supervisor,
    queues: Arc<Queues>,
    hearts: Hearts,
    interval: Duration,
    pulse: watch::Sender<Pulse>,
    outage: Outage,
}

/// How this node's heartbeat has been lately.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pulse {
    /// The first beat of the present unbroken series, and the last.
    series: Option<(Instant, Instant)>,
}

/// A late heartbeat is waited for so long by who signs off, or for two intervals if they are longer.
const LATEST: Duration = Duration::from_secs(1);

/// After a failure the next beat comes sooner.
const SOON: Duration = Duration::from_secs(1);

impl Refresher {
    pub(crate) fn new(
        engine: Traced,
        supervisor: Supervisor,
        queues: Arc<Queues>,
        hearts: Hearts,
        interval: Duration,
        pulse: watch::Sender<Pulse>,
    ) -> Self {
        Self { outage: Outage::of(&engine), engine, supervisor, queues, hearts, interval, pulse }
    }

    async fn beat(&mut self) -> bool {
        let beating = self.hearts.begin().await;
        let (engine, metas, given_up) =
            (self.engine.clone(), self.queues.metas(), LATEST.max(self.interval * 2));
        // It goes on for a while when it is late, so that who signs off can wait until it took effect.
        let call = self.supervisor.run(async move {
            let _beating = beating;
            tokio::time::timeout(given_up, engine.refresh_queues(&metas))
                .await
                .unwrap_or_else(|_| Err(late()))
        });
        // Better a new try on another connection than a long wait on a dead one.
        let answer = tokio::time::timeout(self.interval, call).await.unwrap_or_else(|_| Err(late()));
        let beaten = self.outage.watch("refresher", answer).is_some();
        let interval = self.interval;
        self.pulse.send_modify(|pulse| pulse.beat(beaten, interval));
        beaten
    }
}

fn late() -> Error {
    Error::new(ErrorKind::Unavailable, "refresh_queues", "no answer in time for the next heartbeat")
}

impl Pulse {
    fn beat(&mut self, beaten: bool, interval: Duration) {
        let now = Instant::now();
        self.series = match self.series {
            _ if !beaten => None,
            Some((first, last)) if now - last <= interval * 2 => Some((first, now)),
            _ => Some((now, now)),
        };
    }

    /// Whether every beat of the last `span` succeeded in time. Only who passes this may judge others: after an
    /// outage, or a sleep of the machine, all hearts look dead until they had their chance to beat.
    pub(crate) fn is_steady_for(&self, span: Duration, interval: Duration) -> bool {
        self.series.is_some_and(|(first, last)| {
            let now = Instant::now();
            now - first >= span && now - last <= interval * 2
        })
    }
}

#[async_trait]
impl Service for Refresher {
    fn name(&self) -> String {
        "refresher".to_owned()
    }

    async fn run(&mut self, shutdown: &CancellationToken) -> Result<()> {
        let mut interval = every(self.interval);
        while next_tick(&mut interval, shutdown).await {
            if !self.beat().await {
                interval.reset_after(SOON.min(self.interval));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Pulse;
    use std::time::Duration;
    use tokio::time::advance;

    const INTERVAL: Duration = Duration::from_secs(5);
    const SPAN: Duration = Duration::from_secs(20);

    async fn beats(pulse: &mut Pulse, count: usize) {
        for _ in 0..count {
            pulse.beat(true, INTERVAL);
            advance(INTERVAL).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn judges_others_only_after_an_unbroken_series() {
        let mut pulse = Pulse::default();
        beats(&mut pulse, 4).await;
        assert!(pulse.is_steady_for(SPAN, INTERVAL));
        pulse.beat(false, INTERVAL);
        assert!(!pulse.is_steady_for(SPAN, INTERVAL), "after an outage all hearts look dead");
        beats(&mut pulse, 4).await;
        assert!(pulse.is_steady_for(SPAN, INTERVAL));
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_that_was_stopped_does_not_judge_when_it_goes_on() {
        let mut pulse = Pulse::default();
        beats(&mut pulse, 10).await;
        advance(Duration::from_secs(300)).await;
        assert!(!pulse.is_steady_for(SPAN, INTERVAL), "before its first beat");
        pulse.beat(true, INTERVAL);
        assert!(!pulse.is_steady_for(SPAN, INTERVAL), "and after it");
    }
}
