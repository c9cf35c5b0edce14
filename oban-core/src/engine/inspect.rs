use async_trait::async_trait;

use crate::{Job, JobFilter, JobState, Result};

/// Read models for people. Nothing the runtime decides depends on them.
#[async_trait]
pub trait Inspect {
    /// The selected jobs, lowest id first.
    async fn list_jobs(&self, filter: &JobFilter) -> Result<Vec<Job>>;

    /// How many of the selected jobs there are in each queue and state, sorted by queue, then
    /// state; combinations without jobs are absent. The filter's limit does not count.
    async fn count_jobs(&self, filter: &JobFilter) -> Result<Vec<JobCount>>;
}

/// How many jobs a queue holds in one state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobCount {
    /// The queue.
    pub queue: String,
    /// The state.
    pub state: JobState,
    /// How many.
    pub count: u64,
}
