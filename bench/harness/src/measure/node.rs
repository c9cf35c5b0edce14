//! One of several processes.

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin, stdin};

use crate::{Metric, Reading, meter::resident_mb, runner::Subject};

/// Opens the system, says `ready`, starts a node when a line comes in, and stops it when another one comes or the
/// input ends.
pub(crate) async fn node(subject: &Subject<'_>, limit: usize) -> Result<Reading> {
    let system = subject.open().await?;
    let mut words = BufReader::new(stdin()).lines();
    println!("ready");
    next(&mut words).await?;
    let node = system.start(limit).await?;
    next(&mut words).await?;
    let resident = resident_mb()?;
    node.stop().await?;
    Ok(Reading::default().with(Metric::ResidentMb, resident))
}

async fn next(words: &mut Lines<BufReader<Stdin>>) -> Result<()> {
    words.next_line().await.context("reading what to do next").map(drop)
}
