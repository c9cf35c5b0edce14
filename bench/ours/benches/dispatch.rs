//! Jobs that do nothing: what is left is the runtime's own work.
//!
//! `alone` is that from a fetched row to the worker's first line and to the outcome handed over, on an engine that has
//! nothing to do, and on one thread, so that the time is the processor's. The others are on the engine in memory and on
//! the threads that an application has.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use oban::{Context, Engine, Oban, Outcome, Performed, QueueOptions, Result, Worker, job, testing::Memory};
use ours::Ready;
use tokio::{
    runtime::{Builder, Runtime},
    sync::Notify,
};

const LIMITS: [usize; 4] = [10, 50, 100, 500];

#[job(queue = "dispatch")]
struct Noop {
    number: u64,
}

impl Worker<Countdown> for Noop {
    async fn perform(self, ctx: Context<Countdown>) -> Performed {
        ctx.state().step();
        Ok(Outcome::Complete)
    }
}

/// Tells when so many jobs have run.
#[derive(Clone, Default)]
struct Countdown(Arc<Left>);

#[derive(Default)]
struct Left {
    jobs: AtomicU64,
    none: Notify,
}

impl Countdown {
    fn from(jobs: u64) -> Self {
        let countdown = Self::default();
        countdown.0.jobs.store(jobs, Ordering::Release);
        countdown
    }

    fn step(&self) {
        if self.0.jobs.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.none.notify_one();
        }
    }

    async fn ended(&self) {
        self.0.none.notified().await;
    }
}

/// Runs `jobs` jobs that are there already. Their insertion is not part of the time.
async fn drain(engine: impl Engine, jobs: u64, limit: usize) -> Result<Duration> {
    let countdown = Countdown::from(jobs);
    let builder = Oban::builder(engine).state(countdown.clone()).worker::<Noop>();
    let oban = builder.queue("dispatch", QueueOptions::limit(limit).paused()).start().await?;
    oban.insert_all((0..jobs).map(|number| Noop { number })).await?;

    let began = Instant::now();
    oban.resume_queue("dispatch").await?;
    countdown.ended().await;
    let took = began.elapsed();
    oban.stop().await?;
    Ok(took)
}

/// Inserts one job after the other, each when the last has run: the way through an idle node.
async fn pass_through(jobs: u64) -> Result<Duration> {
    let countdown = Countdown::default();
    let builder = Oban::builder(Memory::new()).state(countdown.clone()).worker::<Noop>();
    let oban = builder.queue("dispatch", QueueOptions::limit(10)).start().await?;

    let began = Instant::now();
    for number in 0..jobs {
        countdown.0.jobs.store(1, Ordering::Release);
        oban.insert(Noop { number }).await?;
        countdown.ended().await;
    }
    let took = began.elapsed();
    oban.stop().await?;
    Ok(took)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = Runtime::new()?;
    let one_thread = Builder::new_current_thread().enable_all().build()?;
    let mut criterion = Criterion::default().configure_from_args();

    let mut group = criterion.benchmark_group("dispatch");
    // Each sample fills a store of its own, so that none grows without end.
    group.sampling_mode(SamplingMode::Flat).sample_size(20).throughput(Throughput::Elements(1));
    for limit in LIMITS {
        group.bench_function(BenchmarkId::new("alone", limit), |bencher| {
            bencher.iter_custom(|jobs| measured(one_thread.block_on(drain(Ready::new(), jobs, limit))));
        });
        group.bench_function(BenchmarkId::new("drain", limit), |bencher| {
            bencher.iter_custom(|jobs| measured(runtime.block_on(drain(Memory::new(), jobs, limit))));
        });
    }
    group.bench_function("pass through", |bencher| {
        bencher.iter_custom(|jobs| measured(runtime.block_on(pass_through(jobs))));
    });
    group.finish();
    criterion.final_summary();
    Ok(())
}

/// Criterion's closures cannot fail; a time that was not measured must not be reported.
fn measured(took: Result<Duration>) -> Duration {
    took.unwrap_or_else(|error| panic!("{error}"))
}
