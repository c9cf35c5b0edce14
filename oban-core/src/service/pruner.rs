use std::time::Duration;

use async_trait::async_trait;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{Outage, every, next_tick_of_a_leader, take_period, too_short};
use crate::{
    Engine, JobState, Period, PeriodError, Prune, Result,
    engine::Traced,
    runtime::Service,
    telemetry::{Event, ServiceEvent},
};

/// How long finished jobs stay in the store, and how they are deleted. The leader's settings count, for the jobs of all
/// nodes and all languages.
///
/// ```
/// use oban_core::{JobState, Pruner};
///
/// let pruner = Pruner::after("1d").completed("1h").discarded("30d");
/// let keeps_failures = Pruner::after("1d").keep(JobState::Discarded);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "hand it to Builder::pruner"]
pub struct Pruner {
    pub(crate) completed: Option<Duration>,
    pub(crate) cancelled: Option<Duration>,
    pub(crate) discarded: Option<Duration>,
    pub(crate) interval: Duration,
    pub(crate) limit: usize,
    problems: Vec<String>,
}

impl Pruner {
    /// Deletes finished jobs of this age, counted from when they completed, were cancelled or discarded. With `"0s"` they
    /// go at the next look.
    pub fn after(age: impl TryInto<Period, Error: Into<PeriodError>>) -> Self {
        let mut pruner = Self::default();
        let mut all = Duration::ZERO;
        take_period("pruner: after", age, &mut all, &mut pruner.problems);
        Self { completed: Some(all), cancelled: Some(all), discarded: Some(all), ..pruner }
    }

    /// The age of completed jobs.
    pub fn completed(self, age: impl TryInto<Period, Error: Into<PeriodError>>) -> Self {
        self.age("completed", age, |pruner| &mut pruner.completed)
    }

    /// The age of cancelled jobs.
    pub fn cancelled(self, age: impl TryInto<Period, Error: Into<PeriodError>>) -> Self {
        self.age("cancelled", age, |pruner| &mut pruner.cancelled)
    }

    /// The age of discarded jobs.
    pub fn discarded(self, age: impl TryInto<Period, Error: Into<PeriodError>>) -> Self {
        self.age("discarded", age, |pruner| &mut pruner.discarded)
    }

    /// Keeps the jobs of a final state for ever.
    pub fn keep(mut self, state: JobState) -> Self {
        match state {
            JobState::Completed => self.completed = None,
            JobState::Cancelled => self.cancelled = None,
            JobState::Discarded => self.discarded = None,
            other => self.problems.push(format!(
                "pruner: {other} jobs are never deleted; keep takes completed, cancelled or discarded"
            )),
        }
        self
    }

    /// How often it looks for old jobs. Default 30 s.
    pub fn interval(mut self, period: impl TryInto<Period, Error: Into<PeriodError>>) -> Self {
        take_period("pruner: interval", period, &mut self.interval, &mut self.problems);
        self
    }

    /// How many jobs it deletes in one statement. A backlog is drained by one after the other, each look until none
    /// is left. Default 10,000.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// What cannot be done.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = self.problems.clone();
        problems.extend(too_short("pruner: interval", self.interval));
        if self.limit == 0 {
            problems.push("pruner: limit 0 deletes nothing; use 1 or more, or without_pruner()".to_owned());
        }
        problems
    }

    fn age(
        mut self,
        state: &str,
        age: impl TryInto<Period, Error: Into<PeriodError>>,
        slot: impl FnOnce(&mut Self) -> &mut Option<Duration>,
    ) -> Self {
        let mut given = Duration::ZERO;
        take_period(&format!("pruner: {state}"), age, &mut given, &mut self.problems);
        *slot(&mut self) = Some(given);
        self
    }
}

impl Default for Pruner {
    /// After a day.
    fn default() -> Self {
        let day = Some(Duration::from_secs(24 * 60 * 60));
        Self {
            completed: day,
            cancelled: day,
            discarded: day,
            interval: Duration::from_secs(30),
            limit: 10_000,
            problems: Vec::new(),
        }
    }
}

/// Deletes finished jobs that are old enough, while this node leads.
pub(crate) struct Pruning {
    engine: Traced,
    leads: watch::Receiver<bool>,
    pruner: Pruner,
    /// How many jobs the next statement deletes: fewer after one that failed, until the backlog is gone, as it may have
    /// been too large to be done within a timeout of the store's.
    batch: usize,
    outage: Outage,
}

impl Pruning {
    pub(crate) fn new(engine: Traced, leads: watch::Receiver<bool>, pruner: Pruner) -> Self {
        Self { outage: Outage::of(&engine), engine, leads, batch: pruner.limit, pruner }
    }

    /// One bounded batch. Whether a backlog may be left.
    async fn prune(&mut self) -> bool {
        let batch = self.batch;
        let prune = Prune {
            completed_after: self.pruner.completed,
            cancelled_after: self.pruner.cancelled,
            discarded_after: self.pruner.discarded,
            limit: batch,
        };
        let began = Instant::now();
        let answer = self.engine.prune_jobs(prune).await;
        let Some(jobs) = self.outage.watch("pruner", answer) else {
            self.batch = (batch / 4).max(1);
            return false;
        };
        self.engine
            .telemetry()
            .emit(|| Event::Service(ServiceEvent::Pruned { jobs: jobs.clone(), duration: began.elapsed() }));
        if !jobs.is_empty() {
            tracing::debug!(count = jobs.len(), "old jobs pruned");
        }
        let more = jobs.len() >= batch;
        if !more {
            self.batch = self.pruner.limit;
        }
        more
    }
}

#[async_trait]
impl Service for Pruning {
    fn name(&self) -> String {
        "pruner".to_owned()
    }

    async fn run(&mut self, shutdown: &CancellationToken) -> Result<()> {
        let mut interval = every(self.pruner.interval);
        while next_tick_of_a_leader(&mut interval, shutdown, &mut self.leads).await {
            while *self.leads.borrow() && self.prune().await && !shutdown.is_cancelled() {
                // Between batches others get their turn.
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }
}
