use std::{any::Any, fmt, future::Future, sync::Arc};

use serde::de::DeserializeOwned;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Builder, Testing, node::Node};
use crate::{
    Conn, Engine, Error, ErrorKind, Inserted, Inspect, Job, JobCount, JobFilter, JobId, JobState, NewJob,
    Result, SonarStatus,
};

/// A running instance: inserts jobs, controls queues, and runs them if it has any.
///
/// Clones are one instance. It stops when [`stop`](Oban::stop) is called, or in the background when the last clone is
/// dropped; the handle that workers get through their context does not count.
#[derive(Clone)]
pub struct Oban {
    pub(super) node: Arc<Node>,
    /// Held, never read: its drop tells that the last handle is gone.
    _guard: Option<Arc<DropGuard>>,
}

impl Oban {
    /// Sets up an instance on a store. See [`Builder`].
    pub fn builder(engine: impl Engine) -> Builder {
        Builder::new(Arc::new(engine))
    }

    /// Sets up an instance on a store chosen at run time.
    pub fn builder_on(engine: Arc<dyn Engine>) -> Builder {
        Builder::new(engine)
    }

    /// The user's handle: the instance ends with it.
    pub(super) fn new(node: Arc<Node>) -> Self {
        let dropped = CancellationToken::new();
        let guard = Arc::new(dropped.clone().drop_guard());
        node.stop_after(dropped);
        Self { node, _guard: Some(guard) }
    }

    /// The handle of the instance's own workers.
    pub(super) fn of(node: &Arc<Node>) -> Self {
        Self { node: Arc::clone(node), _guard: None }
    }

    /// Inserts a job and returns it as stored. Nodes are told at once. It works after a stop too.
    ///
    /// # Errors
    /// `Invalid`, before anything is sent, naming every problem with its value and its cure. After `Unavailable` the
    /// job may have been stored or not: nothing is sent twice on its own. `Contended` when a transaction held a job like
    /// this [unique](NewJob::unique) one for too long: nothing was stored.
    pub async fn insert(&self, job: impl Into<NewJob>) -> Result<Inserted> {
        let mut inserted = self.insert_valid(None, vec![job.into()]).await?;
        inserted.pop().ok_or_else(|| Error::new(ErrorKind::Store, "insert", "the engine returned no row"))
    }

    /// Inserts any number of jobs, all or none, in few statements. Returns them as stored, in the order given.
    ///
    /// # Errors
    /// `Invalid`, before anything is sent, for the first job with problems, which `job` in the message counts from 0; no
    /// job is inserted then. After `Unavailable` all of them may have been stored, or none.
    pub async fn insert_all<J: Into<NewJob>>(
        &self,
        jobs: impl IntoIterator<Item = J>,
    ) -> Result<Vec<Inserted>> {
        self.insert_valid(None, jobs.into_iter().map(Into::into).collect()).await
    }

    /// Inserts jobs on a caller's connection. For drivers, which offer a typed method such as `insert_tx`.
    #[doc(hidden)]
    pub async fn insert_on(&self, conn: Conn<'_>, jobs: Vec<NewJob>) -> Result<Vec<Inserted>> {
        self.insert_valid(Some(conn), jobs).await
    }

    async fn insert_valid(&self, conn: Option<Conn<'_>>, mut jobs: Vec<NewJob>) -> Result<Vec<Inserted>> {
        self.node.propagation.inject(&mut jobs);
        for (at, job) in jobs.iter().enumerate() {
            job.validate()
                .map_err(|error| if jobs.len() > 1 { error.with_context("job", at) } else { error })?;
        }
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        match &self.node.inline {
            None => self.node.engine.insert_jobs(conn, jobs).await,
            // In a box, lest those who never use it carry its size along.
            Some(inline) => Ok(Box::pin(inline.insert(self.node.executor(), self.node(), jobs)).await),
        }
    }

    /// The job with this id, if it is (still) there.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn get_job(&self, id: impl Into<JobId>) -> Result<Option<Job>> {
        Ok(self.node.engine.list_jobs(&JobFilter::id(id)).await?.pop())
    }

    /// The value that the worker of a completed job [recorded](crate::Outcome::record):
    /// `oban.result::<u64>(id).await?`. `None` while the job has not completed, and when it completed without.
    ///
    /// # Errors
    /// `NotFound` when the job is not there, or not any more; `Invalid` when the value does not fit `T`.
    pub async fn result<T: DeserializeOwned>(&self, id: impl Into<JobId>) -> Result<Option<T>> {
        let id = id.into();
        let Some(job) = self.get_job(id).await? else {
            let message = "there is no such job; finished jobs are pruned after a time";
            return Err(Error::new(ErrorKind::NotFound, "result", message).with_context("job", id));
        };
        // One that is tried again still has what it recorded before.
        if job.state == JobState::Completed { job.recorded() } else { Ok(None) }
    }

    /// The selected jobs, lowest id first. Give the filter a limit where there may be many.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn jobs(&self, filter: JobFilter) -> Result<Vec<Job>> {
        self.node.engine.list_jobs(&filter).await
    }

    /// How many of the selected jobs there are in each queue and state.
    ///
    /// Without a limit every selected job is counted, which takes the longer the more there are. With one, as in
    /// `JobFilter::all().limit(10_000)`, at most so many are counted in each state: counts of a state that add up
    /// to the limit mean "so many or more", and lower ones are exact.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn count_jobs(&self, filter: JobFilter) -> Result<Vec<JobCount>> {
        self.node.engine.count_jobs(&filter).await
    }

    /// The instance's name.
    pub fn name(&self) -> &str {
        &self.node.settings.name
    }

    /// This node's name.
    pub fn node(&self) -> &str {
        &self.node.settings.node
    }

    /// Whether this node leads the instance, as far as it knows.
    pub fn is_leader(&self) -> bool {
        *self.node.leads.borrow()
    }

    /// Whether notifications arrive. Unknown on a node without queues, which does not listen.
    ///
    /// Whatever it says, each queue also looks for work once in each staging interval.
    pub fn sonar(&self) -> SonarStatus {
        self.node.sounding.borrow().status
    }

    /// How this instance behaves in a test, if it is for one.
    pub fn testing(&self) -> Option<Testing> {
        self.node.settings.testing
    }

    /// The engine, if it is of this type.
    pub fn engine<E: Engine>(&self) -> Option<&E> {
        let engine: &dyn Any = &*self.node.store;
        engine.downcast_ref()
    }

    /// The engine, whatever its type.
    pub fn store(&self) -> &dyn Engine {
        &*self.node.store
    }

    /// Runs until `signal` comes, then stops: `oban.run_until(tokio::signal::ctrl_c()).await?`.
    ///
    /// # Errors
    /// Those of [`stop`](Oban::stop).
    pub async fn run_until(&self, signal: impl Future) -> Result<()> {
        signal.await;
        self.stop().await
    }

    /// Stops gracefully: services end, leadership is given up, queues fetch no more, running jobs get the grace period,
    /// the rest are handed back with their attempt refunded, outcomes are stored. Returns at once when nothing runs.
    /// A store that does not answer is waited for some ten seconds after the grace period, and as long as a call under
    /// way takes to fail. Called again, it waits for the same stop. A worker must not await it: it would wait for itself.
    ///
    /// # Errors
    /// None so far; what a store does not take any more is logged and left to rescue.
    pub async fn stop(&self) -> Result<()> {
        self.node.begin_stop();
        self.node.wait_stopped().await;
        Ok(())
    }
}

impl fmt::Debug for Oban {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, node) = (self.name(), self.node());
        formatter.debug_struct("Oban").field("name", &name).field("node", &node).finish_non_exhaustive()
    }
}
