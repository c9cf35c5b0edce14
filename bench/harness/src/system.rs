//! What is measured.

use anyhow::Result;
use async_trait::async_trait;

use crate::Reading;

/// A job system on one fresh database, with one kind of no-op job.
///
/// One process measures one system once: what it costs in CPU, allocations and memory is the process's.
#[async_trait]
pub trait System: Send + Sync {
    /// Makes the tables. Not measured.
    async fn migrate(&self) -> Result<()>;

    /// Inserts one job, in a commit of its own.
    async fn insert(&self) -> Result<()>;

    /// Inserts one job in a transaction that this system's user has begun and commits.
    /// `None`: the system cannot.
    async fn insert_tx(&self) -> Option<Result<()>>;

    /// Inserts many jobs by the best documented way there is.
    async fn insert_bulk(&self, count: usize) -> Result<()>;

    /// Inserts a unique job for each of these numbers by one call, and tells how many were stored: those whose number
    /// no stored job has. `None`: the system cannot.
    async fn insert_unique(&self, _numbers: Vec<usize>) -> Option<Result<usize>> {
        None
    }

    /// Starts a node that runs up to `limit` jobs at once. Its worker calls [`reached`](crate::probe::reached) in its
    /// first line and does nothing else.
    async fn start(&self, limit: usize) -> Result<Box<dyn Node>>;

    /// Starts a node with so many queues, each for jobs of its own. `None`: the system cannot.
    async fn start_idle(&self, _queues: usize) -> Option<Result<Box<dyn Node>>> {
        None
    }

    /// Calls once each what keeps the rows tidy, and tells how long each call took. `None`: not measured here.
    async fn keep_tidy(&self) -> Option<Result<Reading>> {
        None
    }

    /// Whether the database shows no job that is not finished.
    async fn is_done(&self) -> Result<bool>;
}

/// A running node.
#[async_trait]
pub trait Node: Send {
    /// Stops it; returns when it has reported everything.
    async fn stop(self: Box<Self>) -> Result<()>;
}
