use std::{sync::Arc, time::Duration};

use super::{Cause, Failure, FailureKind};
use crate::{Finish, Job, JobState};

/// Something that happened to a job on this node.
///
/// Each run begins with [`Started`](JobEvent::Started) and ends with one other event: once the store has taken its
/// outcome, or has shown that it no longer counts. A run whose node is killed tells no end; the job's next run does.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum JobEvent {
    /// A run begins.
    Started {
        /// The row as it was fetched.
        job: Arc<Job>,
        /// How long it waited between its time and its fetch, by the store's clock.
        queue_time: Duration,
    },
    /// The job is done.
    Completed {
        /// The run.
        run: Run,
        /// Whether it recorded a result.
        recorded: bool,
    },
    /// The attempt failed: an error, a panic, a timeout.
    Failed {
        /// The run.
        run: Run,
        /// Why.
        failure: Failure,
        /// After which wait it is tried again; `None`: that was its last attempt, and the job is discarded.
        retry_in: Option<Duration>,
    },
    /// The worker asked to run again later.
    Snoozed {
        /// The run.
        run: Run,
        /// After which wait.
        delay: Duration,
    },
    /// The worker ended the job as cancelled.
    Cancelled {
        /// The run.
        run: Run,
        /// Why.
        reason: String,
    },
    /// The worker ended the job as discarded.
    Discarded {
        /// The run.
        run: Run,
        /// Why.
        reason: String,
    },
    /// The node stopped before the run was over. The job is available again, and the attempt does not count.
    HandedBack {
        /// The run.
        run: Run,
    },
    /// The run has ended by itself, but its outcome changed nothing: the row was cancelled, rescued or deleted meanwhile. Or
    /// the store had taken it already, but the answer was lost, and it was sent a second time.
    Ignored {
        /// The run.
        run: Run,
        /// The state it would have brought.
        state: JobState,
    },
    /// The run was ended from outside and its outcome does not count: its job was cancelled and the grace is over, or its
    /// row was cancelled, rescued or deleted.
    Dropped {
        /// The run.
        run: Run,
    },
}

/// A run that is over.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Run {
    /// The row as it was fetched.
    pub job: Arc<Job>,
    /// How long it ran.
    pub duration: Duration,
    /// How long the job waited between its time and its fetch, by the store's clock.
    pub queue_time: Duration,
}

impl JobEvent {
    /// A name such as `job.failed`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Started { .. } => "job.started",
            Self::Completed { .. } => "job.completed",
            Self::Failed { .. } => "job.failed",
            Self::Snoozed { .. } => "job.snoozed",
            Self::Cancelled { .. } => "job.cancelled",
            Self::Discarded { .. } => "job.discarded",
            Self::HandedBack { .. } => "job.handed_back",
            Self::Ignored { .. } => "job.ignored",
            Self::Dropped { .. } => "job.dropped",
        }
    }

    /// The row as it was fetched.
    pub fn job(&self) -> &Job {
        match self {
            Self::Started { job, .. } => job,
            Self::Completed { run, .. }
            | Self::Failed { run, .. }
            | Self::Snoozed { run, .. }
            | Self::Cancelled { run, .. }
            | Self::Discarded { run, .. }
            | Self::HandedBack { run }
            | Self::Ignored { run, .. }
            | Self::Dropped { run } => &run.job,
        }
    }

    /// The run, if it is over.
    pub fn run(&self) -> Option<&Run> {
        match self {
            Self::Started { .. } => None,
            Self::Completed { run, .. }
            | Self::Failed { run, .. }
            | Self::Snoozed { run, .. }
            | Self::Cancelled { run, .. }
            | Self::Discarded { run, .. }
            | Self::HandedBack { run }
            | Self::Ignored { run, .. }
            | Self::Dropped { run } => Some(run),
        }
    }

    pub(crate) fn started(job: &Arc<Job>) -> Self {
        Self::Started { job: Arc::clone(job), queue_time: queue_time(job) }
    }

    /// How a run ended whose outcome the store has taken. `cause`: what made it fail, if it did.
    pub(crate) fn of(run: Run, finish: &Finish, cause: Option<Cause>) -> Self {
        match (finish, cause) {
            (Finish::Complete { recorded }, _) => Self::Completed { run, recorded: recorded.is_some() },
            (Finish::Retry { delay, error }, cause) => {
                let cause = cause.unwrap_or_else(|| FailureKind::Unstorable.into());
                Self::Failed { run, failure: cause.told(error), retry_in: Some(*delay) }
            }
            (Finish::Discard { error }, Some(cause)) => {
                Self::Failed { run, failure: cause.told(error), retry_in: None }
            }
            (Finish::Discard { error }, None) => Self::Discarded { run, reason: error.clone() },
            (Finish::Cancel { error }, _) => Self::Cancelled { run, reason: error.clone() },
            (Finish::Snooze { delay, .. }, _) => Self::Snoozed { run, delay: *delay },
            (Finish::HandBack | Finish::Return, _) => Self::HandedBack { run },
        }
    }
}

impl Run {
    pub(crate) fn new(job: &Arc<Job>, duration: Duration) -> Self {
        Self { job: Arc::clone(job), duration, queue_time: queue_time(job) }
    }
}

fn queue_time(job: &Job) -> Duration {
    job.queue_time().to_std().unwrap_or_default()
}
