//! Inserting.

use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::{Metric, Reading, System, meter::Cpu, runner::Subject};

/// So many jobs a call are inserted when their insertion is not what is measured.
const CHUNK: usize = 1_000;

/// One call after the other, a job and a commit each.
pub(crate) async fn single(subject: &Subject<'_>, jobs: usize) -> Result<Reading> {
    let system = migrated(subject).await?;
    system.insert().await?;
    let watch = Watch::start()?;
    for _ in 0..jobs {
        system.insert().await?;
    }
    watch.stop(jobs)
}

/// The same in transactions of the system's user.
pub(crate) async fn single_tx(subject: &Subject<'_>, jobs: usize) -> Result<Reading> {
    let system = migrated(subject).await?;
    let Some(first) = system.insert_tx().await else { bail!("it cannot insert in its user's transaction") };
    first?;
    let watch = Watch::start()?;
    for _ in 0..jobs {
        if let Some(inserted) = system.insert_tx().await {
            inserted?;
        }
    }
    watch.stop(jobs)
}

/// `jobs` in calls of `batch`.
pub(crate) async fn bulk(subject: &Subject<'_>, jobs: usize, batch: usize) -> Result<Reading> {
    let system = migrated(subject).await?;
    system.insert_bulk(batch).await?;
    let watch = Watch::start()?;
    insert(&*system, jobs, batch).await?;
    watch.stop(jobs)
}

/// Unique `jobs` in calls of `batch`. A quarter of each call is in the table already, and a quarter comes twice.
pub(crate) async fn bulk_unique(subject: &Subject<'_>, jobs: usize, batch: usize) -> Result<Reading> {
    let system = migrated(subject).await?;
    offer(&*system, (0..batch).collect(), batch).await?;
    let quarter = batch / 4;
    let calls: Vec<_> =
        (0..jobs / batch).map(|call| half_known(batch + call * 2 * quarter, quarter)).collect();
    let watch = Watch::start()?;
    for numbers in calls {
        offer(&*system, numbers, 2 * quarter).await?;
    }
    watch.stop(jobs / batch * 4 * quarter)
}

/// Two quarters from `first` on are new, one of them twice; the quarter before `first` is in the table.
fn half_known(first: usize, quarter: usize) -> Vec<usize> {
    let twice = first..first + quarter;
    let (known, once) = (first - quarter..first, first + quarter..first + 2 * quarter);
    twice.clone().chain(twice).chain(known).chain(once).collect()
}

/// Fails if not so many were stored.
async fn offer(system: &dyn System, numbers: Vec<usize>, stored: usize) -> Result<()> {
    let inserted = system.insert_unique(numbers).await.context("it knows no unique jobs")??;
    ensure!(inserted == stored, "{inserted} unique jobs were stored instead of {stored}");
    Ok(())
}

/// `jobs` that wait for a node of another process.
pub(crate) async fn fill(subject: &Subject<'_>, jobs: usize) -> Result<Reading> {
    insert(&*migrated(subject).await?, jobs, CHUNK).await?;
    Ok(Reading::default())
}

/// Inserts `jobs` and opens the system anew, so that nothing of the insertion is left to be measured.
pub(crate) async fn insert_waiting(subject: &Subject<'_>, jobs: usize) -> Result<Box<dyn System>> {
    let system = migrated(subject).await?;
    insert(&*system, jobs, CHUNK).await?;
    if !subject.engine().persists() {
        return Ok(system);
    }
    drop(system);
    if let Some(server) = subject.server().await? {
        server.quiet().await?;
    }
    subject.open().await
}

async fn migrated(subject: &Subject<'_>) -> Result<Box<dyn System>> {
    let system = subject.open().await?;
    system.migrate().await?;
    Ok(system)
}

async fn insert(system: &dyn System, jobs: usize, batch: usize) -> Result<()> {
    let mut left = jobs;
    while left > 0 {
        let count = left.min(batch);
        system.insert_bulk(count).await?;
        left -= count;
    }
    Ok(())
}

/// Takes the time of inserting.
struct Watch {
    start: Instant,
    cpu: Cpu,
}

impl Watch {
    fn start() -> Result<Self> {
        Ok(Self { start: Instant::now(), cpu: Cpu::now()? })
    }

    fn stop(&self, jobs: usize) -> Result<Reading> {
        let (elapsed, cpu) = (self.start.elapsed(), self.cpu.elapsed()?);
        Ok(Reading::default()
            .with(Metric::JobsPerSecond, jobs as f64 / elapsed.as_secs_f64())
            .with(Metric::CpuMicrosPerJob, cpu.as_secs_f64() * 1e6 / jobs as f64))
    }
}
