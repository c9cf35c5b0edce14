//! What this process takes of the machine.

use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::{TimeVal, TimeValLike},
};

/// The processor time this process has used so far, in its own code and in the kernel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cpu(Duration);

impl Cpu {
    pub(crate) fn now() -> Result<Self> {
        let usage = getrusage(UsageWho::RUSAGE_SELF).context("asking for the processor time")?;
        Ok(Self(duration(usage.user_time()) + duration(usage.system_time())))
    }

    /// What was used since.
    pub(crate) fn elapsed(self) -> Result<Duration> {
        Ok(Self::now()?.0.saturating_sub(self.0))
    }
}

fn duration(time: TimeVal) -> Duration {
    Duration::from_micros(u64::try_from(time.num_microseconds()).unwrap_or(0))
}

/// Physical memory in use now.
pub(crate) fn resident_mb() -> Result<f64> {
    let memory = memory_stats::memory_stats().context("asking for the memory of this process")?;
    Ok(memory.physical_mem as f64 / 1e6)
}
