use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{Error, JobId, Result, job::validate};

/// How a queue runs on this node. A bare number is its limit.
///
/// ```
/// use oban_core::QueueOptions;
///
/// let thumbnails = QueueOptions::limit(4).blocking();
/// let mails: QueueOptions = 10.into();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct QueueOptions {
    pub(crate) limit: usize,
    pub(crate) paused: bool,
    pub(crate) blocking: bool,
    pub(crate) read_ahead: bool,
}

/// A queue of this node as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueInfo {
    /// The queue.
    pub queue: String,
    /// The node.
    pub node: String,
    /// The producer's identity.
    pub uuid: Uuid,
    /// How many jobs may run at once.
    pub limit: usize,
    /// Whether it fetches no jobs until it is resumed.
    pub paused: bool,
    /// The jobs running now, lowest id first.
    pub running: Vec<JobId>,
    /// When the queue was started, by the store's clock.
    pub started_at: DateTime<Utc>,
}

impl QueueOptions {
    /// At most so many jobs of the queue run at once on this node.
    pub fn limit(limit: usize) -> Self {
        Self { limit, paused: false, blocking: false, read_ahead: true }
    }

    /// Starts the queue without fetching until it is resumed.
    pub fn paused(mut self) -> Self {
        self.paused = true;
        self
    }

    /// Gives each running job a thread of its own, so that its code may block or compute for long without delaying
    /// other queues. Costs the start of a thread for each job.
    pub fn blocking(mut self) -> Self {
        self.blocking = true;
        self
    }

    /// Has no more jobs executing than run.
    ///
    /// Otherwise a queue whose jobs end within a millisecond fetches up to 500 more, as many as it works off in 10 ms:
    /// it is several times as fast with a low limit. No more run than the limit. When the process is killed, those that
    /// were waiting for their turn come back as those that ran do, with an attempt less; one whose only attempt it was is
    /// discarded.
    pub fn without_read_ahead(mut self) -> Self {
        self.read_ahead = false;
        self
    }

    pub(crate) fn validate(self, operation: &'static str, queue: &str) -> Result<()> {
        let mut problems = Vec::new();
        validate::name("queue", queue, &mut problems);
        if self.limit == 0 {
            problems.push(format!(
                "queue {queue:?} has the limit 0 and would run nothing; use 1 or more, or pause it"
            ));
        }
        if i32::try_from(self.limit).is_err() {
            problems.push(format!("queue {queue:?} has the limit {}; use at most {}", self.limit, i32::MAX));
        }
        if problems.is_empty() { Ok(()) } else { Err(Error::invalid(operation, problems.join("; "))) }
    }
}

impl From<usize> for QueueOptions {
    fn from(limit: usize) -> Self {
        Self::limit(limit)
    }
}
