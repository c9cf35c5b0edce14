//! Hashes every file below a directory, one job a file, and loses nothing when it is stopped or killed.
//!
//! ```console
//! cargo run --release --example quickstart -- <directory>
//! ```
//!
//! It shows typed jobs inserted in bulk, CPU-bound work on all cores, recorded results, retries, a graceful stop, and
//! the jobs of a killed process coming back. The jobs are kept in a SQLite file, or in Postgres with `--database-url`.
//!
//! - `hash.rs`: the job, its worker and its result
//! - `files.rs`: which files there are
//! - `store.rs`: opens the database, and inserts a job for each file that has none
//! - `progress.rs`, `report.rs`: what is seen meanwhile, and at the end
//! - `sums.rs`: the digests in the format of `sha256sum`
//! - `cli.rs`, `logs.rs`, `signals.rs`: the program around it

mod cli;
mod files;
mod hash;
mod logs;
mod progress;
mod report;
mod signals;
mod store;
mod sums;

use std::{
    process::{self, ExitCode},
    sync::Arc,
    time::Instant,
};

use clap::Parser;
use oban::{Oban, QueueOptions};

use crate::{
    cli::Cli,
    files::Directory,
    hash::{Flakiness, HashFile},
    progress::Progress,
    report::{Report, Run},
    signals::Signals,
    store::Store,
};

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    let progress = Progress::new();
    logs::install(progress.bar());

    let directory = Arc::new(Directory::list(&cli)?);
    let store = Store::open(&cli).await?;
    let mut signals = Signals::install()?;
    let oban = start(&cli, &store).await?;
    let producer = oban.check_queue("files").await?.uuid.to_string();

    let started = Instant::now();
    let ended = tokio::select! {
        finished = hash(&oban, &store, &directory, &progress) => finished.map(|()| None),
        signal = signals.next() => Ok(Some(signal)),
    };
    if let Ok(Some(_)) = ended {
        progress.say("stopping: running jobs may finish; once more to end at once");
    }
    tokio::select! {
        stopped = oban.stop() => stopped?,
        signal = signals.next() => process::exit(signal.exit_code().into()),
    }
    progress.finish();
    let signal = ended?;

    let run = Run { producer, took: started.elapsed() };
    let report = Report::gather(&oban, &directory, run).await?;
    report.print()?;
    if let Some(signal) = signal {
        eprintln!("stopped; run the same command again to go on");
        return Ok(signal.exit_code().into());
    }
    if let Some(out) = &cli.out {
        sums::write(out, &directory, &report)?;
    }
    Ok(if report.is_complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn start(cli: &Cli, store: &Store) -> oban::Result<Oban> {
    Oban::builder_on(store.engine())
        .state(Flakiness::percent(cli.flaky))
        .worker::<HashFile>()
        .queue("files", QueueOptions::limit(cli.jobs.get()).blocking())
        // The rows are the memory of what has been hashed.
        .without_pruner()
        // Short, so that one can watch: the jobs of a killed process come back within some ten seconds.
        .heartbeat_interval("1s")
        .stale_after("5s")
        .lease("3s")
        .stage_interval("250ms")
        .shutdown_grace_period("5s")
        .start()
        .await
}

/// Returns when every file of the directory has been hashed, by this process or another one.
async fn hash(
    oban: &Oban,
    store: &Store,
    directory: &Arc<Directory>,
    progress: &Progress,
) -> anyhow::Result<()> {
    let plan = store.insert_missing(oban, directory).await?;
    progress.say(&format!("{} files: {plan}", directory.files.len()));
    progress.follow(oban, directory).await
}
