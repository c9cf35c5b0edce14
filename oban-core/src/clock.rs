//! Whose time counts. Production trusts the store's clock; tests pin one.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use tokio::time::Instant;

/// The time an engine works by.
///
/// A [`Clock::store`] leaves time to the store: engines bind NULL and their SQL says
/// `coalesce($now, now())`, so that the clocks of nodes never matter. A pinned clock answers
/// with a time that only moves when told, and a virtual one follows tokio's clock, which
/// tests can pause. Clones share one time.
#[derive(Clone, Debug, Default)]
pub struct Clock(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    Store,
    Pinned(Arc<Mutex<DateTime<Utc>>>),
    Virtual {
        origin: Arc<Mutex<DateTime<Utc>>>,
        since: Instant,
    },
}

impl Clock {
    /// The store's own clock: the default, and the only choice for production.
    pub fn store() -> Self {
        Self(Source::Store)
    }

    /// A clock that stands still at `now` until it is advanced.
    pub fn pinned(now: DateTime<Utc>) -> Self {
        Self(Source::Pinned(Arc::new(Mutex::new(truncate(now)))))
    }

    /// A clock that starts at the machine's time and moves with tokio's clock.
    pub fn following_tokio() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
        let origin = truncate(Utc::now());
        Self(Source::Virtual { origin: Arc::new(Mutex::new(origin)), since: Instant::now() })
    }

    /// The time to bind instead of the store's, with microsecond precision; `None` when the store's own counts.
    pub fn now(&self) -> Option<DateTime<Utc>> {
        match &self.0 {
            Source::Store => None,
            Source::Pinned(now) => Some(read(now)),
            Source::Virtual { origin, since } => {
                let elapsed = TimeDelta::from_std(since.elapsed()).unwrap_or(TimeDelta::MAX);
                let origin = read(origin);
                Some(truncate(origin.checked_add_signed(elapsed).unwrap_or(origin)))
            }
        }
    }

    /// Moves a pinned or a virtual clock by `delta`, backwards if negative. The store's is left alone.
    pub fn advance(&self, delta: TimeDelta) {
        if let Source::Pinned(time) | Source::Virtual { origin: time, .. } = &self.0 {
            let mut time = time.lock().unwrap_or_else(PoisonError::into_inner);
            *time = time.checked_add_signed(delta).unwrap_or(*time);
        }
    }
}

/// `time` plus `delay`, as stores keep it.
pub(crate) fn later(time: DateTime<Utc>, delay: Duration) -> DateTime<Utc> {
    let delay = TimeDelta::from_std(delay).unwrap_or(TimeDelta::MAX);
    truncate(time.checked_add_signed(delay).unwrap_or(DateTime::<Utc>::MAX_UTC))
}

fn read(time: &Mutex<DateTime<Utc>>) -> DateTime<Utc> {
    *time.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Stores keep microseconds; anything finer would not survive the round trip.
fn truncate(time: DateTime<Utc>) -> DateTime<Utc> {
    time.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::Clock;
    use chrono::{DateTime, TimeDelta};

    #[test]
    fn clones_of_a_pinned_clock_share_its_time() {
        let start = DateTime::from_timestamp(1_000_000, 123_456_789).unwrap();
        let clock = Clock::pinned(start);
        clock.clone().advance(TimeDelta::seconds(-5));
        assert_eq!(clock.now(), DateTime::from_timestamp(999_995, 123_456_000));
        assert_eq!(Clock::store().now(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_virtual_clock_moves_with_tokio() {
        let clock = Clock::following_tokio();
        let before = clock.now().unwrap();
        tokio::time::advance(std::time::Duration::from_secs(90)).await;
        assert_eq!(clock.now().unwrap() - before, TimeDelta::seconds(90));
        clock.clone().advance(TimeDelta::seconds(-100));
        assert_eq!(clock.now().unwrap() - before, TimeDelta::seconds(-10));
    }
}
