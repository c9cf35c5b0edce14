//! What a measurement says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One quantity, always in the unit its name tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// How many jobs in a second.
    JobsPerSecond,
    /// From just before the insert call to the worker's first line: the median.
    P50Ms,
    /// The same, of 95 in a hundred.
    P95Ms,
    /// The same, of 99 in a hundred.
    P99Ms,
    /// What the process used of all its cores, in its own code and in the kernel.
    CpuMicrosPerJob,
    /// Blocks of memory the process asked for.
    AllocationsPerJob,
    /// Bytes of memory the process asked for.
    AllocatedBytesPerJob,
    /// Transactions the server committed.
    TransactionsPerJob,
    /// Bytes of write-ahead log the server wrote.
    WalBytesPerJob,
    /// Statements the server executed.
    StatementsPerSecond,
    /// Of one core.
    CpuPercent,
    /// Physical memory of the process, in units of 1,000,000 bytes.
    ResidentMb,
    /// Times that the server had to break a circle of transactions waiting for each other.
    Deadlocks,
    /// Making due jobs available, when none is due: one call.
    StageMs,
    /// Deleting old jobs, when none is old: one call.
    PruneMs,
    /// Taking back the jobs of dead nodes, when none is dead: one call.
    RescueMs,
    /// Counting the jobs of each queue and state, up to 10,000 in each state: one call.
    CountMs,
}

/// The quantities of one measurement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reading(pub BTreeMap<Metric, f64>);

impl Metric {
    /// Whether more of it is better.
    pub fn is_gain(self) -> bool {
        self == Self::JobsPerSecond
    }

    /// For people: what is counted, and in what unit.
    pub fn label(self) -> &'static str {
        match self {
            Self::JobsPerSecond => "jobs/s",
            Self::P50Ms => "p50 ms",
            Self::P95Ms => "p95 ms",
            Self::P99Ms => "p99 ms",
            Self::CpuMicrosPerJob => "client CPU µs/job",
            Self::AllocationsPerJob => "allocations/job",
            Self::AllocatedBytesPerJob => "allocated bytes/job",
            Self::TransactionsPerJob => "transactions/job",
            Self::WalBytesPerJob => "WAL bytes/job",
            Self::StatementsPerSecond => "statements/s",
            Self::CpuPercent => "client CPU % of a core",
            Self::ResidentMb => "resident MB",
            Self::Deadlocks => "deadlocks",
            Self::StageMs => "stage ms",
            Self::PruneMs => "prune ms",
            Self::RescueMs => "rescue ms",
            Self::CountMs => "count ms",
        }
    }
}

impl Reading {
    /// Adds a quantity.
    #[must_use]
    pub fn with(mut self, metric: Metric, value: f64) -> Self {
        self.0.insert(metric, value);
        self
    }

    /// Adds the quantities of another one.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }
}
