//! From an insert to its worker.

use std::time::{Duration, Instant};

use anyhow::Result;
use fastrand::Rng;
use tokio::time::sleep;

use super::insert::insert_waiting;
use crate::{Metric, Reading, probe::Target, runner::Subject};

/// Between two jobs there is a pause of up to so long.
const LONGEST_GAP_MICROS: u64 = 50_000;
/// The same pauses for every system.
const SEED: u64 = 42;
/// Jobs that come before those that count: connections are opened, statements prepared.
const WARM_UP: usize = 20;

/// Inserts jobs one by one into an idle node, and takes for each the time from just before the call to the worker's
/// first line.
pub(crate) async fn latency(subject: &Subject<'_>, limit: usize, jobs: usize) -> Result<Reading> {
    let system = insert_waiting(subject, 0).await?;
    let node = system.start(limit).await?;
    let mut random = Rng::with_seed(SEED);
    let mut waited = Vec::with_capacity(jobs);
    for job in 0..WARM_UP + jobs {
        sleep(Duration::from_micros(random.u64(..=LONGEST_GAP_MICROS))).await;
        let begun = Target::new(1);
        let start = Instant::now();
        system.insert().await?;
        let latency = begun.reached().await.duration_since(start);
        if job >= WARM_UP {
            waited.push(latency);
        }
    }
    node.stop().await?;
    waited.sort_unstable();
    Ok(Reading::default()
        .with(Metric::P50Ms, quantile(&waited, 50))
        .with(Metric::P95Ms, quantile(&waited, 95))
        .with(Metric::P99Ms, quantile(&waited, 99)))
}

/// The shortest latency, in milliseconds, that so many in a hundred do not exceed.
fn quantile(sorted: &[Duration], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::quantile;
    use std::time::Duration;

    #[test]
    fn a_quantile_is_one_of_the_values() {
        let sorted: Vec<_> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!([50, 95, 99].map(|percent| quantile(&sorted, percent)), [100.0, 190.0, 198.0]);
        assert_eq!(quantile(&sorted[..1], 99), 1.0);
    }
}
