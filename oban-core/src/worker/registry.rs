use std::{collections::HashMap, fmt, iter, marker::PhantomData, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Context, Performed, Worker};
use crate::{Job, NewJob, Oban, job::validate};

/// The workers of an instance, by their stored names and aliases. Shared, because every run takes a clone along.
#[derive(Clone, Default)]
pub(crate) struct Registry(Arc<HashMap<&'static str, Entry>>);

#[derive(Clone)]
struct Entry {
    /// The stored name of whom this name belongs to.
    worker: &'static str,
    run: Arc<dyn Run>,
}

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
    fn record_limit(&self) -> usize;
    /// A job of this worker with its own options.
    fn job(&self, args: Value) -> Result<NewJob, serde_json::Error>;
}

impl Registry {
    /// Adds a worker by all of its names, and notes which of them cannot stand.
    pub(crate) fn insert<S, W>(&mut self, state: Arc<S>, problems: &mut Vec<String>)
    where
        S: Send + Sync + 'static,
        W: Worker<S>,
    {
        validate::name("worker", W::WORKER, problems);
        let run: Arc<dyn Run> = Arc::new(Typed::<S, W> { state, worker: PhantomData });
        let entries = Arc::make_mut(&mut self.0);
        for name in iter::once(W::WORKER).chain(W::ALIASES.iter().copied()) {
            if name != W::WORKER {
                validate::name("alias", name, problems);
            }
            match entries.insert(name, Entry { worker: W::WORKER, run: Arc::clone(&run) }) {
                None => {}
                Some(other) if name == W::WORKER && other.worker == name => {
                    problems.push(format!(
                        "two workers are stored under the name {name:?}; give one of them another with worker = \"…\""
                    ));
                    // Its aliases would only say the same.
                    return;
                }
                Some(other) if other.worker == W::WORKER => {
                    problems.push(format!("worker {:?} has the alias {name:?} twice, or is named so itself; remove it", W::WORKER));
                }
                Some(other) => problems.push(format!(
                    "{name:?} names both the worker {:?} and the worker {:?}; remove the alias from one of them",
                    other.worker,
                    W::WORKER
                )),
            }
        }
    }

    pub(crate) fn get(&self, worker: &str) -> Option<Arc<dyn Run>> {
        self.0.get(worker).map(|entry| Arc::clone(&entry.run))
    }

    /// A new job of a worker, as its args and their options make it, or what is wrong with that.
    pub(crate) fn job(&self, worker: &str, args: Value) -> Result<NewJob, String> {
        match self.get(worker) {
            Some(run) => run
                .job(args)
                .map_err(|error| format!("its args do not fit the worker ({error}); change `args`")),
            None => Err(format!(
                "this node has no such worker; give it to the builder, or use one of {}",
                self.names().join(", ")
            )),
        }
    }

    /// The stored names and aliases, sorted.
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
            let context = Context::new(job, state, cancellation, oban);
            context.clone().scope(async { worker.perform(context).await }).await
        })
    }

    fn backoff(&self, job: &Job) -> Duration {
        W::backoff(job)
    }

    fn timeout(&self, job: &Job) -> Option<Duration> {
        W::timeout(job)
    }

    fn record_limit(&self) -> usize {
        W::RECORD_LIMIT
    }

    fn job(&self, args: Value) -> Result<NewJob, serde_json::Error> {
        serde_json::from_value::<W>(args).map(W::into_job)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Registry").field(&self.names()).finish()
    }
}
