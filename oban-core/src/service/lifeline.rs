use std::time::Duration;

use async_trait::async_trait;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{Outage, Pulse, every, next_tick_of_a_leader, take_period, too_short};
use crate::{
    Engine, JobState, Period, PeriodError, Rescue, Result,
    engine::Traced,
    runtime::Service,
    telemetry::{Event, ServiceEvent},
};

/// How jobs are taken back from dead nodes. The leader's settings count, for the jobs of all nodes and all languages.
///
/// ```
/// use oban_core::Lifeline;
///
/// let lifeline = Lifeline::default().interval("30s").rescue_after("6h");
/// ```
///
/// When a node counts as dead is [`Builder::stale_after`](crate::Builder::stale_after).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "hand it to Builder::lifeline"]
pub struct Lifeline {
    pub(crate) interval: Option<Duration>,
    pub(crate) rescue_after: Duration,
    pub(crate) limit: usize,
    problems: Vec<String>,
}

impl Lifeline {
    /// How often it looks for the dead. Default: as often as hearts beat, since no sooner could anything have changed.
    pub fn interval(mut self, period: impl TryInto<Period, Error: Into<PeriodError>>) -> Self {
        let mut interval = Duration::MAX;
        take_period("lifeline: interval", period, &mut interval, &mut self.problems);
        self.interval = Some(interval);
        self
    }

    /// After how long the jobs of nodes that have no heartbeat, such as Elixir's, are given up. Default 60 min. Jobs of
    /// nodes that have one may run as long as they like.
    pub fn rescue_after(mut self, period: impl TryInto<Period, Error: Into<PeriodError>>) -> Self {
        take_period("lifeline: rescue_after", period, &mut self.rescue_after, &mut self.problems);
        self
    }

    /// How many jobs it takes back in one statement. What is left follows at once. Default 1,000.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// What cannot be done.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = self.problems.clone();
        problems.extend(self.interval.and_then(|interval| too_short("lifeline: interval", interval)));
        problems.extend(too_short("lifeline: rescue_after", self.rescue_after));
        if self.limit == 0 {
            problems.push(
                "lifeline: limit 0 takes nothing back; use 1 or more, or without_lifeline()".to_owned(),
            );
        }
        problems
    }
}

impl Default for Lifeline {
    fn default() -> Self {
        Self {
            interval: None,
            rescue_after: Duration::from_secs(60 * 60),
            limit: 1_000,
            problems: Vec::new(),
        }
    }
}

/// Takes jobs back from dead producers, while this node leads.
pub(crate) struct Rescuing {
    engine: Traced,
    leads: watch::Receiver<bool>,
    pulse: watch::Receiver<Pulse>,
    interval: Duration,
    heartbeat: Duration,
    rescue: Rescue,
    outage: Outage,
}

impl Rescuing {
    pub(crate) fn new(
        engine: Traced,
        leads: watch::Receiver<bool>,
        pulse: watch::Receiver<Pulse>,
        heartbeat: Duration,
        stale_after: Duration,
        lifeline: &Lifeline,
    ) -> Self {
        let interval = lifeline.interval.unwrap_or(heartbeat);
        let rescue = Rescue { stale_after, rescue_after: lifeline.rescue_after, limit: lifeline.limit };
        Self { outage: Outage::of(&engine), engine, leads, pulse, interval, heartbeat, rescue }
    }

    /// Whether the silence of others says something about them, and not about this node.
    fn may_judge(&self) -> bool {
        self.pulse.borrow().is_steady_for(self.rescue.stale_after, self.heartbeat)
    }

    /// One round. Whether there may be more to rescue at once.
    async fn rescue(&mut self) -> bool {
        let began = Instant::now();
        let answer = self.engine.rescue_jobs(self.rescue).await;
        let Some(jobs) = self.outage.watch("lifeline", answer) else { return false };
        self.engine
            .telemetry()
            .emit(|| Event::Service(ServiceEvent::Rescued { jobs: jobs.clone(), duration: began.elapsed() }));
        let discarded = jobs.iter().filter(|job| job.after == Some(JobState::Discarded)).count();
        if !jobs.is_empty() {
            tracing::warn!(rescued = jobs.len() - discarded, discarded, "took back jobs of dead nodes");
        }
        jobs.len() >= self.rescue.limit
    }
}

#[async_trait]
impl Service for Rescuing {
    fn name(&self) -> String {
        "lifeline".to_owned()
    }

    async fn run(&mut self, shutdown: &CancellationToken) -> Result<()> {
        let mut interval = every(self.interval);
        while next_tick_of_a_leader(&mut interval, shutdown, &mut self.leads).await {
            while self.may_judge() && self.rescue().await && !shutdown.is_cancelled() {}
        }
        Ok(())
    }
}
