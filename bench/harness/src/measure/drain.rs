//! Running many waiting jobs.

use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::time::sleep;

use super::insert::insert_waiting;
use crate::{
    Metric, Reading, Server, System, allocations,
    meter::{Cpu, resident_mb},
    probe::Target,
    runner::Subject,
};

/// Between two questions whether all is finished: they cost the system nothing while jobs run.
const PAUSE: Duration = Duration::from_millis(1);

/// Inserts `jobs`, then takes the time from just before a node starts until the database shows the last of them
/// finished. With `count_allocations` the time is worthless and left out.
pub(crate) async fn drain(
    subject: &Subject<'_>,
    limit: usize,
    jobs: usize,
    count_allocations: bool,
) -> Result<Reading> {
    let system = insert_waiting(subject, jobs).await?;
    let server = subject.server().await?;
    let before = usage(server.as_ref()).await?;
    if count_allocations {
        allocations::count();
    }
    let all = Target::new(jobs);
    let (cpu, start) = (Cpu::now()?, Instant::now());
    let node = system.start(limit).await?;
    all.reached().await;
    let end = done(&*system).await?;
    let cpu = cpu.elapsed()?;
    let allocated = count_allocations.then(allocations::counted);
    let resident = resident_mb()?;
    node.stop().await?;
    drop(system);

    let per_job = |amount: f64| amount / jobs as f64;
    if let Some(allocated) = allocated {
        return Ok(Reading::default()
            .with(Metric::AllocationsPerJob, per_job(allocated.count as f64))
            .with(Metric::AllocatedBytesPerJob, per_job(allocated.bytes as f64)));
    }
    let mut reading = Reading::default()
        .with(Metric::JobsPerSecond, jobs as f64 / (end - start).as_secs_f64())
        .with(Metric::CpuMicrosPerJob, per_job(cpu.as_secs_f64() * 1e6))
        .with(Metric::ResidentMb, resident);
    if let (Some(server), Some(before)) = (&server, before) {
        server.quiet().await?;
        reading = reading.and(before.until(server.usage().await?, jobs));
    }
    Ok(reading)
}

async fn usage(server: Option<&Server>) -> Result<Option<crate::meter::Usage>> {
    let Some(server) = server else { return Ok(None) };
    server.usage().await.map(Some)
}

/// Waits until all jobs are finished, and tells when the question was asked that got this answer.
async fn done(system: &dyn System) -> Result<Instant> {
    loop {
        let asked = Instant::now();
        if system.is_done().await? {
            return Ok(asked);
        }
        sleep(PAUSE).await;
    }
}
