use chrono::{DateTime, Utc};

use crate::{Error, Finish, Result, job::validate};

/// Which jobs [`Oban::drain_queue`](crate::Oban::drain_queue) runs. A bare name stands for the queue's available jobs.
///
/// ```
/// use oban_core::Drain;
///
/// let everything = Drain::queue("mailers").with_scheduled().with_recursion();
/// let available: Drain = "mailers".into();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Drain {
    pub(crate) queue: String,
    pub(crate) waiting: Waiting,
    pub(crate) recursion: bool,
    pub(crate) safety: bool,
    pub(crate) limit: usize,
}

/// Which jobs that wait for a time are run as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiting {
    None,
    Due,
    Until(DateTime<Utc>),
    All,
}

/// Unless told otherwise. However jobs breed, a drain ends.
const LIMIT: usize = 100_000;

/// What came of a drain: how many jobs ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// Jobs that completed.
    pub completed: u64,
    /// Runs that failed and are to be tried again.
    pub failed: u64,
    /// Runs that snoozed.
    pub snoozed: u64,
    /// Jobs that were cancelled by their workers.
    pub cancelled: u64,
    /// Jobs that were discarded: by their workers, or after their last attempt.
    pub discarded: u64,
    /// Runs whose outcome counted no more: their jobs were cancelled, rescued or deleted meanwhile.
    pub ignored: u64,
}

impl Drain {
    /// The jobs of this queue that are available when the drain begins, each once; failures are recorded.
    pub fn queue(queue: impl Into<String>) -> Self {
        Self { queue: queue.into(), waiting: Waiting::None, recursion: false, safety: true, limit: LIMIT }
    }

    /// Also scheduled and retryable jobs, whenever they are due. They run in the order of their times; their
    /// `scheduled_at` becomes the time of the drain.
    pub fn with_scheduled(mut self) -> Self {
        self.waiting = Waiting::All;
        self
    }

    /// Also scheduled and retryable jobs that are due at this time or before.
    pub fn with_scheduled_until(mut self, at: DateTime<Utc>) -> Self {
        self.waiting = Waiting::Until(at);
        self
    }

    /// Also scheduled and retryable jobs that are due when the drain begins, by the store's clock: what a stager would
    /// have made available.
    pub fn with_due(mut self) -> Self {
        self.waiting = Waiting::Due;
        self
    }

    /// Goes on until nothing is left: jobs that these jobs insert are run as well, and, if scheduled ones are asked for,
    /// failed ones until their attempts are used up. A job that snoozed is left to its time. Jobs that insert their like
    /// for ever are run until the [limit](Drain::with_limit).
    pub fn with_recursion(mut self) -> Self {
        self.recursion = true;
        self
    }

    /// Ends the drain with the first job that fails or is discarded, once that is stored: its panic goes on to the caller,
    /// and any other error comes back as [`Failed`](crate::ErrorKind::Failed). The jobs behind it stay available.
    pub fn without_safety(mut self) -> Self {
        self.safety = false;
        self
    }

    /// Runs at most so many jobs. Default 100,000.
    pub fn with_limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    pub(crate) fn validate(&self) -> Result<()> {
        let mut problems = Vec::new();
        validate::name("queue", &self.queue, &mut problems);
        if self.limit == 0 {
            problems.push("with_limit 0 would run nothing; use 1 or more".to_owned());
        }
        if problems.is_empty() { Ok(()) } else { Err(Error::invalid("drain_queue", problems.join("; "))) }
    }
}

impl From<&str> for Drain {
    fn from(queue: &str) -> Self {
        Self::queue(queue)
    }
}

impl From<String> for Drain {
    fn from(queue: String) -> Self {
        Self::queue(queue)
    }
}

impl Drained {
    /// How many runs there were.
    pub fn total(&self) -> u64 {
        self.completed + self.failed + self.snoozed + self.cancelled + self.discarded + self.ignored
    }

    /// Counts a run; `taken` when the store took its outcome.
    pub(super) fn count(&mut self, finish: &Finish, taken: bool) {
        let counter = match finish {
            _ if !taken => &mut self.ignored,
            Finish::Complete { .. } => &mut self.completed,
            Finish::Retry { .. } => &mut self.failed,
            Finish::Snooze { .. } => &mut self.snoozed,
            Finish::Cancel { .. } => &mut self.cancelled,
            Finish::Discard { .. } => &mut self.discarded,
            // Nobody takes a run from the task that waits for it.
            Finish::HandBack | Finish::Return => &mut self.ignored,
        };
        *counter += 1;
    }
}
