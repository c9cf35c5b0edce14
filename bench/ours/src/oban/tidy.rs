//! The calls that every cluster makes all the time, with what `oban` asks for by default.

use std::time::{Duration, Instant};

use anyhow::Result;
use harness::{Metric, Reading};
use oban::{Engine, JobFilter, Prune, Rescue, Stage};

const LIMIT: usize = 1_000;
const COUNTED: usize = 10_000;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Makes each call once.
pub(super) async fn keep_tidy(engine: &dyn Engine) -> Result<Reading> {
    let queues = [crate::QUEUE.to_owned()];
    let prune = Prune {
        completed_after: Some(DAY),
        cancelled_after: Some(DAY),
        discarded_after: Some(DAY),
        limit: LIMIT,
    };
    let rescue = Rescue {
        stale_after: Duration::from_secs(20),
        rescue_after: Duration::from_secs(60 * 60),
        limit: LIMIT,
    };
    Ok(Reading::default()
        .with(Metric::StageMs, time(engine.stage_jobs(Stage { limit: LIMIT, queues: &queues })).await?)
        .with(Metric::PruneMs, time(engine.prune_jobs(prune)).await?)
        .with(Metric::RescueMs, time(engine.rescue_jobs(rescue)).await?)
        .with(Metric::CountMs, time(engine.count_jobs(&JobFilter::all().limit(COUNTED))).await?))
}

/// The milliseconds until the call is answered.
async fn time<T>(call: impl Future<Output = oban::Result<T>>) -> Result<f64> {
    let start = Instant::now();
    call.await?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}
