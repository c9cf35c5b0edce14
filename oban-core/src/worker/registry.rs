use std::{collections::HashMap, fmt, marker::PhantomData, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::{Context, Performed, Worker};
use crate::{Job, Oban};

/// The workers of an instance, by their stored names. Shared, because every run takes a clone along.
#[derive(Clone, Default)]
pub(crate) struct Registry(Arc<HashMap<&'static str, Arc<dyn Run>>>);

/// A worker with its types erased: the one place where they are.
pub(crate) trait Run: Send + Sync {
    fn perform(
        &self,
        job: Arc<Job>,
        cancellation: CancellationToken,
        oban: Oban,
    ) -> BoxFuture<'static, Performed>;
    fn backoff(&self, job: &Job) -> Duration;
    fn timeout(&self, job: &Job) -> Option<Duration>;
}

impl Registry {
    /// Adds a worker. `false` when its name is taken.
    pub(crate) fn insert<S, W>(&mut self, state: Arc<S>) -> bool
    where
        S: Send + Sync + 'static,
        W: Worker<S>,
    {
        let typed = Typed::<S, W> { state, worker: PhantomData };
        Arc::make_mut(&mut self.0).insert(W::WORKER, Arc::new(typed)).is_none()
    }

    pub(crate) fn get(&self, worker: &str) -> Option<Arc<dyn Run>> {
        self.0.get(worker).map(Arc::clone)
    }

    /// The stored names, sorted.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.0.keys().copied().collect();
        names.sort_unstable();
        names
    }
}

struct Typed<S, W> {
    state: Arc<S>,
    worker: PhantomData<fn() -> W>,
}

impl<S, W> Run for Typed<S, W>
where
    S: Send + Sync + 'static,
    W: Worker<S>,
{
    fn perform(
        &self,
        job: Arc<Job>,
        cancellation: CancellationToken,
        oban: Oban,
    ) -> BoxFuture<'static, Performed> {
        let state = Arc::clone(&self.state);
        Box::pin(async move {
            let worker: W = job.args_as()?;
            worker.perform(Context::new(job, state, cancellation, oban)).await
        })
    }

    fn backoff(&self, job: &Job) -> Duration {
        W::backoff(job)
    }

    fn timeout(&self, job: &Job) -> Option<Duration> {
        W::timeout(job)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Registry").field(&self.names()).finish()
    }
}
