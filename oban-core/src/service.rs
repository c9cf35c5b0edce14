//! The services that keep the rows tidy.

mod cron;
mod gossip;
mod lifeline;
mod pruner;
mod refresher;
mod reindexer;
mod sonar;
mod stager;

pub(crate) use cron::Cron;
pub(crate) use gossip::Gossip;
pub use lifeline::Lifeline;
pub(crate) use lifeline::Rescuing;
pub use pruner::Pruner;
pub(crate) use pruner::Pruning;
pub(crate) use refresher::Pulse;
pub(crate) use refresher::Refresher;
pub use reindexer::Reindexer;
pub(crate) use reindexer::Reindexing;
pub(crate) use sonar::Sonar;
pub use sonar::SonarStatus;
pub(crate) use sonar::Sounding;
pub(crate) use stager::Stager;

use std::time::Duration;

use tokio::{
    sync::watch,
    time::{Interval, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Period, PeriodError,
    engine::Traced,
    telemetry::{Event, ServiceEvent, Telemetry},
};

/// Shorter intervals would do nothing but ask.
pub(crate) const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);

/// What is wrong with an interval, if it is too short.
pub(crate) fn too_short(key: &str, interval: Duration) -> Option<String> {
    let problem = || format!("{key} {interval:?} is too short; use {SHORTEST_INTERVAL:?} or more");
    (interval < SHORTEST_INTERVAL).then(problem)
}

/// Takes a setter's period; keeps `slot` and notes what is wrong when it is none.
pub(crate) fn take_period(
    key: &str,
    given: impl TryInto<Period, Error: Into<PeriodError>>,
    slot: &mut Duration,
    problems: &mut Vec<String>,
) {
    match given.try_into() {
        Ok(period) => *slot = period.as_duration(),
        Err(error) => problems.push(format!("{key}: {}", error.into())),
    }
}

/// Waits for the next tick; `false` when it is time to stop.
async fn next_tick(interval: &mut Interval, shutdown: &CancellationToken) -> bool {
    tokio::select! {
        biased;
        () = shutdown.cancelled() => false,
        _ = interval.tick() => true,
    }
}

/// Waits for the next tick at which this node leads, which comes at once when it begins to; `false` when it is
/// time to stop.
async fn next_tick_of_a_leader(
    interval: &mut Interval,
    shutdown: &CancellationToken,
    leads: &mut watch::Receiver<bool>,
) -> bool {
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return false,
            _ = interval.tick() => {}
            Ok(()) = leads.changed() => {}
        }
        if *leads.borrow_and_update() {
            return true;
        }
    }
}

/// Ticks at once, then at this interval, and never in a burst to catch up.
fn every(period: Duration) -> Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// Tells of failures once when they begin and once when they end.
#[derive(Debug)]
struct Outage {
    telemetry: Telemetry,
    lasting: bool,
}

impl Outage {
    fn of(engine: &Traced) -> Self {
        Self { telemetry: engine.telemetry().clone(), lasting: false }
    }

    fn watch<T>(&mut self, service: &'static str, answer: crate::Result<T>) -> Option<T> {
        match answer {
            Ok(value) => {
                if std::mem::take(&mut self.lasting) {
                    self.telemetry.emit(|| Event::Service(ServiceEvent::Recovered { service }));
                    tracing::info!(service, "works again");
                }
                Some(value)
            }
            Err(error) => {
                if !std::mem::replace(&mut self.lasting, true) {
                    self.telemetry
                        .emit(|| Event::Service(ServiceEvent::Failing { service, error: error.to_string() }));
                    tracing::warn!(service, %error, "failed; it will go on trying");
                }
                None
            }
        }
    }
}
