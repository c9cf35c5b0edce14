use std::{pin::pin, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Days, NaiveTime, Utc};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{take_period, too_short};
use crate::{
    Clock, Engine, Period, PeriodError, Reindex, Reindexed, Result,
    engine::Traced,
    runtime::Service,
    telemetry::{Event, ServiceEvent},
};

/// When the indexes of the table of jobs are rebuilt, one after the other, by the leader and without blocking anybody.
///
/// An index of rows that come and go grows faster than its rows. Rebuilding gives the space back and removes what an
/// interrupted rebuild has left behind.
///
/// ```
/// use oban_core::Reindexer;
///
/// let at_night = Reindexer::daily_at("03:30").timeout("1m");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "hand it to Builder::reindexer"]
pub struct Reindexer {
    pub(crate) at: NaiveTime,
    pub(crate) reindex: Reindex,
    problems: Vec<String>,
}

impl Reindexer {
    /// Rebuilds each day at this time, as `"03:30"` or `"03:30:15"`, in UTC and by the machine's clock when the node
    /// started. A day on which nobody leads just then is left out.
    pub fn daily_at(time: &str) -> Self {
        let mut reindexer = Self::default();
        match NaiveTime::parse_from_str(time, "%H:%M")
            .or_else(|_| NaiveTime::parse_from_str(time, "%H:%M:%S"))
        {
            Ok(at) => reindexer.at = at,
            Err(_) => reindexer.problems.push(format!(
                "reindexer: {time:?} is no time of day; write it like \"03:30\" or \"03:30:15\""
            )),
        }
        reindexer
    }

    /// Rebuilds these indexes alone, by their names. Default: all of oban's own but the primary key.
    pub fn indexes<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.reindex.indexes = names.into_iter().map(Into::into).collect();
        if self.reindex.indexes.is_empty() {
            self.problems
                .push("reindexer: the list of indexes is empty; name some, or leave it out".to_owned());
        }
        self
    }

    /// How long one index may take, waiting for open transactions included. Default 15 s.
    pub fn timeout(mut self, period: impl TryInto<Period, Error: Into<PeriodError>>) -> Self {
        take_period("reindexer: timeout", period, &mut self.reindex.timeout, &mut self.problems);
        self
    }

    /// What cannot be done.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = self.problems.clone();
        problems.extend(too_short("reindexer: timeout", self.reindex.timeout));
        problems
    }

    /// How long from `now` until the next time.
    fn wait(&self, now: DateTime<Utc>) -> Duration {
        let today = now.date_naive().and_time(self.at).and_utc();
        let next = if today > now { Some(today) } else { today.checked_add_days(Days::new(1)) };
        next.and_then(|next| (next - now).to_std().ok()).unwrap_or(DAY)
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for Reindexer {
    /// At midnight.
    fn default() -> Self {
        let reindex = Reindex { indexes: Vec::new(), timeout: Duration::from_secs(15) };
        Self { at: NaiveTime::MIN, reindex, problems: Vec::new() }
    }
}

/// Rebuilds indexes by schedule, while this node leads.
pub(crate) struct Reindexing {
    engine: Traced,
    leads: watch::Receiver<bool>,
    reindexer: Reindexer,
    /// The time of day only has to be about right, and must not step back over a time that has been.
    clock: Clock,
}

impl Reindexing {
    pub(crate) fn new(engine: Traced, leads: watch::Receiver<bool>, reindexer: Reindexer) -> Self {
        Self { engine, leads, reindexer, clock: Clock::following_tokio() }
    }

    async fn reindex(&self) -> Result<Reindexed> {
        let began = Instant::now();
        let reindexed = self.engine.reindex(&self.reindexer.reindex).await?;
        self.engine.telemetry().emit(|| {
            let Reindexed { rebuilt, dropped, failed } = &reindexed;
            let failed = failed.iter().map(ToString::to_string).collect();
            let (rebuilt, dropped) = (rebuilt.clone(), dropped.clone());
            Event::Service(ServiceEvent::Reindexed { rebuilt, dropped, failed, duration: began.elapsed() })
        });
        Ok(reindexed)
    }

    fn wait(&self) -> Duration {
        self.clock.now().map_or(DAY, |now| self.reindexer.wait(now))
    }
}

#[async_trait]
impl Service for Reindexing {
    fn name(&self) -> String {
        "reindexer".to_owned()
    }

    async fn run(&mut self, shutdown: &CancellationToken) -> Result<()> {
        let mut shut_down = pin!(shutdown.cancelled());
        loop {
            tokio::select! {
                biased;
                () = &mut shut_down => return Ok(()),
                () = tokio::time::sleep(self.wait()) => {}
            }
            if !*self.leads.borrow() {
                continue;
            }
            tokio::select! {
                biased;
                // What is under way ends by itself, or leaves something for the next time to remove.
                () = &mut shut_down => return Ok(()),
                answer = self.reindex() => tell(answer),
            }
        }
    }
}

/// Nothing is tried again before the next time: what fails now, fails for a lock, a right or a size.
fn tell(answer: Result<Reindexed>) {
    match answer {
        Ok(Reindexed { rebuilt, dropped, failed }) => {
            for error in failed {
                tracing::warn!(%error, "an index was not rebuilt; the old one goes on");
            }
            // Where another node is at it there is nothing to tell.
            if !rebuilt.is_empty() || !dropped.is_empty() {
                tracing::info!(?rebuilt, ?dropped, "indexes rebuilt");
            }
        }
        Err(error) => tracing::warn!(%error, "no index was rebuilt; the old ones go on"),
    }
}

#[cfg(test)]
mod tests {
    use super::Reindexer;
    use chrono::DateTime;
    use std::time::Duration;

    #[test]
    fn waits_for_the_next_time_of_day() {
        let noon = DateTime::from_timestamp(1_772_366_400, 0).unwrap();
        for (at, hours) in [("13:00", 1), ("11:00:00", 23), ("12:00", 24), ("00:00", 12)] {
            assert_eq!(Reindexer::daily_at(at).wait(noon), Duration::from_secs(hours * 3600), "{at}");
        }
        assert_eq!(Reindexer::default().wait(noon), Duration::from_secs(12 * 3600));
    }

    #[test]
    fn names_what_is_wrong() {
        let problems = Reindexer::daily_at("25:00").timeout("soon").indexes([""; 0]).problems().join("; ");
        for part in ["\"25:00\" is no time of day", "\"soon\" is no period", "list of indexes is empty"] {
            assert!(problems.contains(part), "{part} missing in {problems}");
        }
    }
}
