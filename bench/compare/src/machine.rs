//! What it was measured on.

use std::fmt;

use anyhow::{Context, Result};
use chrono::Utc;
use serde::{Deserialize, Serialize};
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

use crate::{cli::Cli, places};

/// A machine and what runs on it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Machine {
    cpu: String,
    cores: usize,
    memory_gb: u64,
    system: String,
    postgres: Option<String>,
    date: String,
}

impl Machine {
    /// Looks at this machine and its Postgres.
    pub(crate) async fn look(cli: &Cli) -> Result<Self> {
        let what = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing())
            .with_memory(MemoryRefreshKind::everything());
        let system = System::new_with_specifics(what);
        let cpu = system.cpus().first().context("asking for the processor")?;
        let postgres = match &cli.postgres {
            Some(url) => Some(places::server_version(url).await?),
            None => None,
        };
        Ok(Self {
            cpu: cpu.brand().trim().to_owned(),
            cores: system.cpus().len(),
            memory_gb: (system.total_memory() + (1 << 29)) >> 30,
            system: System::long_os_version().unwrap_or_else(|| std::env::consts::OS.to_owned()),
            postgres,
            date: Utc::now().format("%Y-%m-%d").to_string(),
        })
    }

    /// Adds what was known of the machine before and was not looked at again.
    pub(crate) fn keep(&mut self, before: Self) {
        self.postgres = self.postgres.take().or(before.postgres);
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cpu, cores, memory_gb, system, postgres, date } = self;
        write!(
            formatter,
            "{date}: {cpu}, {cores} cores shared by client and server, {memory_gb} GB, {system}"
        )?;
        match postgres {
            Some(version) => write!(formatter, ", PostgreSQL {version} with its default settings"),
            None => Ok(()),
        }
    }
}
