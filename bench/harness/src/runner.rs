//! The program around a table of systems: one process measures one system once.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use tokio::{
    runtime::{Builder, Runtime},
    time::timeout,
};

use crate::{Candidate, Engine, Reading, Server, System, measure};

#[derive(Debug, Parser)]
#[command(about = "Takes one measurement of one job system, on a fresh database, and prints it as JSON.")]
struct Runner {
    #[command(subcommand)]
    measurement: Measurement,
}

#[derive(Debug, Args)]
struct Options {
    /// The system to measure.
    #[arg(long)]
    system: String,
    /// Where it keeps its jobs.
    #[arg(long, value_enum, default_value_t = Engine::Postgres)]
    engine: Engine,
    /// The URL of a fresh database, or the name of a file that is not there yet.
    #[arg(long, default_value = "")]
    url: String,
    /// Gives up after so many seconds.
    #[arg(long, default_value_t = 600)]
    timeout: u64,
    /// Has one thread do everything, so that no thread wakes another.
    #[arg(long)]
    one_thread: bool,
}

#[derive(Debug, Subcommand)]
enum Measurement {
    /// Inserts jobs one by one.
    Insert {
        #[command(flatten)]
        options: Options,
        #[arg(long, default_value_t = 2_000)]
        jobs: usize,
    },
    /// Inserts jobs one by one, each in a transaction of the user.
    InsertTx {
        #[command(flatten)]
        options: Options,
        #[arg(long, default_value_t = 2_000)]
        jobs: usize,
    },
    /// Inserts many jobs a call.
    Bulk {
        #[command(flatten)]
        options: Options,
        #[arg(long, default_value_t = 100_000)]
        jobs: usize,
        /// How many a call.
        #[arg(long, default_value_t = 1_000)]
        batch: usize,
    },
    /// Inserts many unique jobs a call, half of which are duplicates: of jobs in the table, and of each other.
    BulkUnique {
        #[command(flatten)]
        options: Options,
        #[arg(long, default_value_t = 100_000)]
        jobs: usize,
        /// How many a call.
        #[arg(long, default_value_t = 10_000)]
        batch: usize,
    },
    /// Inserts jobs without measuring anything.
    Fill {
        #[command(flatten)]
        options: Options,
        #[arg(long, default_value_t = 50_000)]
        jobs: usize,
    },
    /// Runs jobs that wait.
    Drain {
        #[command(flatten)]
        options: Options,
        #[arg(long, default_value_t = 50_000)]
        jobs: usize,
        /// How many may run at once.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Runs jobs that wait, and counts what the process allocates.
    Allocations {
        #[command(flatten)]
        options: Options,
        #[arg(long, default_value_t = 50_000)]
        jobs: usize,
        /// How many may run at once.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Inserts jobs one by one into an idle node.
    Latency {
        #[command(flatten)]
        options: Options,
        #[arg(long, default_value_t = 500)]
        jobs: usize,
        /// How many may run at once.
        #[arg(long, default_value_t = 10)]
        limit: usize,
    },
    /// Runs a node that has nothing to do.
    Idle {
        #[command(flatten)]
        options: Options,
        #[arg(long, default_value_t = 10)]
        queues: usize,
        #[arg(long, default_value_t = 20)]
        seconds: u64,
    },
    /// Calls what keeps the rows tidy.
    Tidy {
        #[command(flatten)]
        options: Options,
    },
    /// Runs one node among others: says `ready`, starts at a line of input and stops at the next.
    Node {
        #[command(flatten)]
        options: Options,
        /// How many may run at once.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
}

/// What is measured, and where.
#[derive(Debug)]
pub(crate) struct Subject<'c> {
    candidate: &'c Candidate,
    url: &'c str,
}

/// What the command line wants the measurement to be taken on.
///
/// # Errors
/// When there are no threads to be had.
pub fn runtime() -> Result<Runtime> {
    let is_one = Runner::parse().measurement.options().one_thread;
    let mut builder = if is_one { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    Ok(builder.enable_all().build()?)
}

/// Reads the command line, takes the measurement and prints it.
///
/// # Errors
/// For a system that is not among the candidates, and whatever fails meanwhile.
pub async fn run(candidates: &[Candidate]) -> Result<()> {
    let measurement = Runner::parse().measurement;
    let Options { system, engine, url, timeout: seconds, .. } = measurement.options();
    let subject = Subject { candidate: find(candidates, system, *engine)?, url };
    let reading = timeout(Duration::from_secs(*seconds), measurement.take(&subject))
        .await
        .with_context(|| format!("{system} was not ready within {seconds} seconds"))??;
    println!("{}", serde_json::to_string(&reading)?);
    Ok(())
}

fn find<'c>(candidates: &'c [Candidate], name: &str, engine: Engine) -> Result<&'c Candidate> {
    let is_wanted = |candidate: &&Candidate| candidate.name == name && candidate.engine == engine;
    if let Some(found) = candidates.iter().find(is_wanted) {
        return Ok(found);
    }
    let known: Vec<_> =
        candidates.iter().map(|candidate| format!("{} ({})", candidate.name, candidate.engine)).collect();
    bail!("no system {name} for {engine} here; there are {}", known.join(", "))
}

impl Measurement {
    fn options(&self) -> &Options {
        match self {
            Self::Insert { options, .. }
            | Self::InsertTx { options, .. }
            | Self::Bulk { options, .. }
            | Self::BulkUnique { options, .. }
            | Self::Fill { options, .. }
            | Self::Drain { options, .. }
            | Self::Allocations { options, .. }
            | Self::Latency { options, .. }
            | Self::Idle { options, .. }
            | Self::Tidy { options }
            | Self::Node { options, .. } => options,
        }
    }

    async fn take(&self, subject: &Subject<'_>) -> Result<Reading> {
        match *self {
            Self::Insert { jobs, .. } => measure::single(subject, jobs).await,
            Self::InsertTx { jobs, .. } => measure::single_tx(subject, jobs).await,
            Self::Bulk { jobs, batch, .. } => measure::bulk(subject, jobs, batch).await,
            Self::BulkUnique { jobs, batch, .. } => measure::bulk_unique(subject, jobs, batch).await,
            Self::Fill { jobs, .. } => measure::fill(subject, jobs).await,
            Self::Drain { jobs, limit, .. } => measure::drain(subject, limit, jobs, false).await,
            Self::Allocations { jobs, limit, .. } => measure::drain(subject, limit, jobs, true).await,
            Self::Latency { jobs, limit, .. } => measure::latency(subject, limit, jobs).await,
            Self::Idle { queues, seconds, .. } => measure::idle(subject, queues, seconds).await,
            Self::Tidy { .. } => measure::tidy(subject).await,
            Self::Node { limit, .. } => measure::node(subject, limit).await,
        }
    }
}

impl Subject<'_> {
    pub(crate) fn engine(&self) -> Engine {
        self.candidate.engine
    }

    pub(crate) async fn open(&self) -> Result<Box<dyn System>> {
        (self.candidate.open)(self.url.to_owned()).await
    }

    /// A look at the server, if there is one.
    pub(crate) async fn server(&self) -> Result<Option<Server>> {
        if self.engine() == Engine::Postgres { Server::connect(self.url).await.map(Some) } else { Ok(None) }
    }
}
