//! What the runtime asks of an engine, and what it gets.

use std::{sync::Arc, time::Duration};

use super::{Ack, QueueMeta};
use crate::{Error, Job, JobId, JobState, Position};

/// Finish these, then give me jobs.
#[derive(Clone, Copy, Debug)]
pub struct Fetch<'a> {
    /// The producer that asks.
    pub queue: &'a QueueMeta,
    /// How many jobs it can take.
    pub demand: usize,
    /// Only jobs that stand behind this position, if any: those before it were passed over or taken a moment ago, and a
    /// store that keeps traces of taken rows need not pass them again.
    pub after: Option<Position>,
    /// Executions that ended since. Taken first, in the same transaction.
    pub acks: &'a [Ack],
}

/// What a fetch did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fetched {
    /// The jobs that are executing now, in the order to start them. Shared, so that an engine that holds its rows in
    /// memory need not copy them.
    pub jobs: Vec<Arc<Job>>,
    /// The acks that were taken.
    pub acked: Vec<JobId>,
}

/// What comparing a producer's rows with its runs has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reclaimed {
    /// The jobs that were handed back, because no run has them.
    pub jobs: Vec<Touched>,
    /// The runs that are over, because their rows were cancelled, taken back or deleted. Lowest id first.
    pub gone: Vec<JobId>,
}

/// Make due jobs available.
#[derive(Clone, Copy, Debug)]
pub struct Stage<'a> {
    /// At most so many.
    pub limit: usize,
    /// The queues the caller can run, to be told which have work.
    pub queues: &'a [String],
}

/// What staging did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Staged {
    /// The jobs that became available.
    pub jobs: Vec<Touched>,
    /// Those of the caller's queues that hold available jobs now, sorted.
    pub queues: Vec<String>,
}

/// Take jobs back from the dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rescue {
    /// A producer is dead when its heart has not beaten for so long.
    pub stale_after: Duration,
    /// An execution without a registered producer is given up after so long.
    pub rescue_after: Duration,
    /// At most so many jobs.
    pub limit: usize,
}

/// Delete old jobs. An age of `None` keeps the jobs of that state for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prune {
    /// Judged by `completed_at`.
    pub completed_after: Option<Duration>,
    /// Judged by `cancelled_at`.
    pub cancelled_after: Option<Duration>,
    /// Judged by `discarded_at`.
    pub discarded_after: Option<Duration>,
    /// At most so many jobs.
    pub limit: usize,
}

/// Rebuild indexes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reindex {
    /// Those of these names. Empty: all that the engine made, but for the primary key.
    pub indexes: Vec<String>,
    /// How long each statement may take.
    pub timeout: Duration,
}

/// What a reindexing did.
#[derive(Debug, Default)]
pub struct Reindexed {
    /// The names of the indexes that are new.
    pub rebuilt: Vec<String>,
    /// The names of leftovers that were removed.
    pub dropped: Vec<String>,
    /// What went wrong, each with the `index` it concerns.
    pub failed: Vec<Error>,
}

/// A job that a bulk operation moved or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// The job.
    pub id: JobId,
    /// Its queue.
    pub queue: String,
    /// The state it had.
    pub before: JobState,
    /// The state it has now; `None` when it was deleted.
    pub after: Option<JobState>,
}
