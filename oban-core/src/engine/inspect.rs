use async_trait::async_trait;

use crate::{Job, JobFilter, JobState, Result};

/// Read models for people. Nothing the runtime decides depends on them.
#[async_trait]
pub trait Inspect {
    /// The selected jobs, lowest id first.
    async fn list_jobs(&self, filter: &JobFilter) -> Result<Vec<Job>>;

    /// How many of the selected jobs there are in each queue and state, sorted by queue, then
    /// state; combinations without jobs are absent.
    ///
    /// The filter's limit holds for each state: at most so many of its jobs are counted, over all
    /// queues together, and which ones is left to the engine. Counts of a state that add up to the
    /// limit mean "so many or more"; lower ones are exact. A store with a long history answers
    /// that without reading all of it. Without a limit every selected job is counted.
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
