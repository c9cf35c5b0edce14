use std::{fmt, sync::Arc};

use tokio_util::sync::CancellationToken;

use crate::{Job, Oban};

/// What a worker is given besides its args.
pub struct Context<S = ()> {
    job: Arc<Job>,
    state: Arc<S>,
    cancellation: CancellationToken,
    oban: Oban,
}

impl<S> Context<S> {
    /// A context for one run. Tests of workers are better served by `perform_job` of `oban-testing`.
    pub fn new(job: Arc<Job>, state: Arc<S>, cancellation: CancellationToken, oban: Oban) -> Self {
        Self { job, state, cancellation, oban }
    }

    /// The row as it was fetched.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// The application's state, as given to the builder.
    pub fn state(&self) -> &S {
        &self.state
    }

    /// Fires when this run is to end, so that a worker that watches it can end tidily before it is dropped: after a
    /// cancel within its [grace](crate::Builder::cancel_grace_period), at a stop within the last tenth of
    /// [its](crate::Builder::shutdown_grace_period). When the worker's timeout has passed it fires as well, for tasks the
    /// worker has spawned: the worker itself is dropped at once.
    pub fn cancellation(&self) -> &CancellationToken {
        &self.cancellation
    }

    /// The instance that runs this job, e.g. to insert more jobs.
    pub fn oban(&self) -> &Oban {
        &self.oban
    }
}

impl<S> Clone for Context<S> {
    fn clone(&self) -> Self {
        Self {
            job: Arc::clone(&self.job),
            state: Arc::clone(&self.state),
            cancellation: self.cancellation.clone(),
            oban: self.oban.clone(),
        }
    }
}

impl<S> fmt::Debug for Context<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Context").field("job", &self.job).finish_non_exhaustive()
    }
}
