use super::{Job, JobId, JobState};

/// Selects jobs: those that meet every condition given. Within one condition any value will do.
///
/// ```
/// use oban_core::{JobFilter, JobState};
///
/// let failed_mails = JobFilter::worker("SendWelcome").state(JobState::Discarded).limit(100);
/// ```
///
/// There is no empty filter to write by accident: [`JobFilter::all`] says so.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub struct JobFilter {
    /// Empty: any id.
    pub ids: Vec<JobId>,
    /// Empty: any state.
    pub states: Vec<JobState>,
    /// Empty: any queue.
    pub queues: Vec<String>,
    /// Empty: any worker.
    pub workers: Vec<String>,
    /// Each of them has to be among the job's tags.
    pub tags: Vec<String>,
    /// Only higher ids. `None`: any.
    pub above: Option<JobId>,
    /// At most so many, lowest id first; for counting, at most so many in each state. `None`: all of them.
    pub limit: Option<usize>,
    /// Set when a list of ids was given, even an empty one: that selects nothing.
    by_id: bool,
}

impl JobFilter {
    /// Every job.
    pub fn all() -> Self {
        Self {
            ids: Vec::new(),
            states: Vec::new(),
            queues: Vec::new(),
            workers: Vec::new(),
            tags: Vec::new(),
            above: None,
            limit: None,
            by_id: false,
        }
    }

    /// The job with this id.
    pub fn id(id: impl Into<JobId>) -> Self {
        Self::ids([id])
    }

    /// The jobs with these ids; none for an empty list.
    pub fn ids<I: Into<JobId>>(ids: impl IntoIterator<Item = I>) -> Self {
        Self { ids: ids.into_iter().map(Into::into).collect(), by_id: true, ..Self::all() }
    }

    /// The jobs of this worker, by its stored name.
    pub fn worker(worker: impl Into<String>) -> Self {
        Self { workers: vec![worker.into()], ..Self::all() }
    }

    /// The jobs of this queue.
    pub fn queue(queue: impl Into<String>) -> Self {
        Self { queues: vec![queue.into()], ..Self::all() }
    }

    /// Only jobs in this state, or in one of those named by several calls.
    pub fn state(mut self, state: JobState) -> Self {
        self.states.push(state);
        self
    }

    /// Only jobs of this queue, or of one of those named by several calls.
    pub fn in_queue(mut self, queue: impl Into<String>) -> Self {
        self.queues.push(queue.into());
        self
    }

    /// Only jobs with this tag, and with every other one named.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into().trim().to_lowercase());
        self
    }

    /// Only jobs with a higher id than this: `filter.above(last).limit(100)` is the next page.
    pub fn above(mut self, id: impl Into<JobId>) -> Self {
        self.above = Some(id.into());
        self
    }

    /// At most so many jobs, lowest id first. [`Oban::count_jobs`](crate::Oban::count_jobs) counts at most
    /// so many in each state.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Whether nothing can match: an empty list of ids, or a limit of 0. Engines answer it without a query.
    pub fn is_nothing(&self) -> bool {
        self.limit == Some(0) || (self.by_id && self.ids.is_empty())
    }

    /// Whether a job meets the conditions; the limit is left to the caller.
    pub fn matches(&self, job: &Job) -> bool {
        !self.is_nothing()
            && (self.ids.is_empty() || self.ids.contains(&job.id))
            && self.above.is_none_or(|above| job.id > above)
            && (self.states.is_empty() || self.states.contains(&job.state))
            && (self.queues.is_empty() || self.queues.contains(&job.queue))
            && (self.workers.is_empty() || self.workers.contains(&job.worker))
            && self.tags.iter().all(|tag| job.tags.contains(tag))
    }
}
