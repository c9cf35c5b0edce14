use std::{
    any::{Any, type_name},
    fmt,
    future::Future,
    sync::Arc,
};

use tokio_util::sync::CancellationToken;

use crate::{Error, ErrorKind, Job, Oban, Result};

/// What a worker is given besides its args.
///
/// Code that a worker calls finds it by [`Context::current`], however deep it is.
pub struct Context<S: ?Sized = ()> {
    job: Arc<Job>,
    state: Arc<S>,
    cancellation: CancellationToken,
    oban: Oban,
}

tokio::task_local! {
    static CURRENT: Context<dyn Any + Send + Sync>;
}

impl<S: Send + Sync + 'static> Context<S> {
    /// A context for one run. Tests of workers are better served by `perform_job` of `oban-testing`.
    pub fn new(job: Arc<Job>, state: Arc<S>, cancellation: CancellationToken, oban: Oban) -> Self {
        Self { job, state, cancellation, oban }
    }

    /// The context of the job that is running here, for code that is not handed one:
    ///
    /// ```
    /// use oban_core::{Context, Result};
    ///
    /// fn log_prefix() -> String {
    ///     let context: Result<Context> = Context::current();
    ///     context.map_or_else(|_| "no job".to_owned(), |context| format!("job {}", context.job().id))
    /// }
    /// # assert_eq!(log_prefix(), "no job");
    /// ```
    ///
    /// "Here" is what a worker awaits or calls, in blocking queues too. A task or a thread it starts is not a part of
    /// the job, unless it is given the context by [`scope`](Context::scope). `Context`, without the state's type, is
    /// there in any job, and `Context<App>` where workers have the state `App`.
    ///
    /// # Errors
    /// `NotFound` where no job runs; `Invalid` when the state of the job's worker is of another type than `S`.
    pub fn current() -> Result<Self> {
        let here = CURRENT.try_with(Clone::clone).map_err(|_| {
            let message = "no job is running here; call it where a worker awaits it, or give tasks of your own the \
                           context with scope()";
            Error::new(ErrorKind::NotFound, "current_context", message)
        })?;
        let unit: Arc<dyn Any + Send + Sync> = Arc::new(());
        let state = here.state.downcast().or_else(|_| unit.downcast()).map_err(|_| {
            Error::invalid("current_context", "the state of this job's worker is of another type")
                .with_context("asked_for", type_name::<S>())
                .with_context("worker", &here.job.worker)
        })?;
        Ok(Self { job: here.job, state, cancellation: here.cancellation, oban: here.oban })
    }

    /// Runs a future in which [`current`](Context::current) is this context: `tokio::spawn(ctx.clone().scope(work()))`.
    /// What a worker awaits needs it not.
    pub fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(
            Context { job: self.job, state: self.state, cancellation: self.cancellation, oban: self.oban },
            future,
        )
    }

    /// The application's state, as given to the builder.
    pub fn state(&self) -> &S {
        &self.state
    }
}

impl<S: ?Sized> Context<S> {
    /// The row as it was fetched.
    pub fn job(&self) -> &Job {
        &self.job
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

impl<S: ?Sized> Clone for Context<S> {
    fn clone(&self) -> Self {
        Self {
            job: Arc::clone(&self.job),
            state: Arc::clone(&self.state),
            cancellation: self.cancellation.clone(),
            oban: self.oban.clone(),
        }
    }
}

impl<S: ?Sized> fmt::Debug for Context<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Context").field("job", &self.job).finish_non_exhaustive()
    }
}
