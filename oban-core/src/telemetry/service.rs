use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::{JobId, Touched};

/// Something that happened in a service. Staging, rescue and pruning tell of each round, also of one that did nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServiceEvent {
    /// Due jobs were made available.
    Staged {
        /// The jobs.
        jobs: Vec<Touched>,
        /// Those of this node's queues that have available jobs now, sorted.
        queues: Vec<String>,
        /// How long it took.
        duration: Duration,
    },
    /// The leader took jobs back from dead nodes: they are available again, or discarded without an attempt left.
    Rescued {
        /// The jobs.
        jobs: Vec<Touched>,
        /// How long it took.
        duration: Duration,
    },
    /// The leader deleted old jobs.
    Pruned {
        /// The jobs.
        jobs: Vec<Touched>,
        /// How long it took.
        duration: Duration,
    },
    /// This node was the first to insert the job of a periodic entry's minute.
    CronInserted {
        /// The entry's name.
        entry: String,
        /// The minute.
        minute: DateTime<Utc>,
        /// The job's worker.
        worker: String,
        /// The job.
        id: JobId,
        /// Whether the job was there already, as a unique one may be.
        conflict: bool,
    },
    /// Nobody inserted the jobs of an entry in time. One node tells.
    CronMissed {
        /// The entry's name.
        entry: String,
        /// The first minute that was missed.
        first: DateTime<Utc>,
        /// The last one.
        last: DateTime<Utc>,
        /// How many were missed.
        count: usize,
    },
    /// The leader rebuilt indexes. Where another node was at it, there is nothing in the lists.
    Reindexed {
        /// The indexes that were rebuilt.
        rebuilt: Vec<String>,
        /// What an interrupted rebuild had left behind, and was removed.
        dropped: Vec<String>,
        /// Why others were not rebuilt, in words.
        failed: Vec<String>,
        /// How long it took.
        duration: Duration,
    },
    /// A service's calls to the store fail from now on. It goes on trying.
    Failing {
        /// The service, such as `stager`.
        service: &'static str,
        /// The error in words.
        error: String,
    },
    /// A service that failed works again.
    Recovered {
        /// The service.
        service: &'static str,
    },
    /// A service, or a queue's producer, ended with an error or a panic. It is started again.
    Crashed {
        /// Its name.
        service: String,
        /// The error in words; `None` for a panic.
        error: Option<String>,
    },
}

impl ServiceEvent {
    /// A name such as `service.pruned`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Staged { .. } => "service.staged",
            Self::Rescued { .. } => "service.rescued",
            Self::Pruned { .. } => "service.pruned",
            Self::CronInserted { .. } => "service.cron_inserted",
            Self::CronMissed { .. } => "service.cron_missed",
            Self::Reindexed { .. } => "service.reindexed",
            Self::Failing { .. } => "service.failing",
            Self::Recovered { .. } => "service.recovered",
            Self::Crashed { .. } => "service.crashed",
        }
    }
}
