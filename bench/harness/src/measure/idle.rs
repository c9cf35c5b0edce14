//! Doing nothing.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::sleep;

use super::insert::insert_waiting;
use crate::{
    Metric, Reading,
    meter::{Cpu, resident_mb},
    runner::Subject,
};

/// After a start a node elects, registers and connects; that is not what is measured.
const SETTLE: Duration = Duration::from_secs(5);

/// What a node with `queues` empty queues costs over `seconds`.
pub(crate) async fn idle(subject: &Subject<'_>, queues: usize, seconds: u64) -> Result<Reading> {
    let system = insert_waiting(subject, 0).await?;
    let server = subject.server().await?;
    let node = system.start_idle(queues).await.context("it cannot run several queues")??;
    sleep(SETTLE).await;
    let mut before = 0;
    if let Some(server) = &server {
        before = server.statements().await?;
    }
    let cpu = Cpu::now()?;
    sleep(Duration::from_secs(seconds)).await;
    let per_second = |amount: f64| amount / seconds as f64;
    let mut reading = Reading::default()
        .with(Metric::CpuPercent, per_second(cpu.elapsed()?.as_secs_f64() * 100.0))
        .with(Metric::ResidentMb, resident_mb()?);
    if let Some(server) = &server {
        let statements = (server.statements().await? - before) as f64;
        reading = reading.with(Metric::StatementsPerSecond, per_second(statements));
    }
    node.stop().await?;
    Ok(reading)
}
