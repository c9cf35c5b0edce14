use std::{
    future::{Future, IntoFuture},
    pin::Pin,
    sync::Arc,
};

use chrono::{DateTime, Utc};
use oban_core::{
    CancellationToken, Context, Error, Finish, Job, JobId, JobState, NewJob, Oban, Outcome, Performed, Worker,
};
use tokio::time;

use crate::modes;

/// Runs a worker as a node would, without a node or a store, and returns its answer when it is awaited.
///
/// The args go through JSON both ways, as in production, and the job's options are checked, and so is the
/// worker's answer. The worker's timeout holds; a panic passes through. What it inserts with [`Context::oban`] goes to
/// an in-memory store of its own, where it does not run, or to [`PerformJob::oban`].
///
/// ```
/// use oban_core::{Context, JobArgs, Outcome, Performed, Worker};
/// use oban_testing::perform_job;
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct SendWelcome { user_id: i64 }
///
/// impl JobArgs for SendWelcome {
///     const WORKER: &'static str = "SendWelcome";
/// }
///
/// impl Worker for SendWelcome {
///     async fn perform(self, ctx: Context) -> Performed {
///         match ctx.job().attempt {
///             1 => Err("the mail server is busy".into()),
///             _ => Ok(Outcome::cancel(format!("user {} is gone", self.user_id))),
///         }
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let failed = perform_job((), SendWelcome { user_id: 9 }).await;
/// assert_eq!(failed.unwrap_err().to_string(), "the mail server is busy");
///
/// let outcome = perform_job((), SendWelcome { user_id: 9 }).attempt(2).await;
/// assert_eq!(outcome.unwrap(), Outcome::cancel("user 9 is gone"));
/// # }
/// ```
///
/// # Errors
/// What the worker returns; a job that could not be inserted; args that do not survive JSON; a timeout; an outcome that
/// a node would count as a failure, such as a snooze that is no period or a result that is too large to be recorded.
pub fn perform_job<S, W>(state: S, args: W) -> PerformJob<S, W>
where
    S: Send + Sync + 'static,
    W: Worker<S>,
{
    PerformJob { state, args, configure: Box::new(|job| job), change: Box::new(|job| job), oban: None }
}

/// A worker that is about to run; see [`perform_job`].
#[must_use = "the worker does not run until this is awaited"]
pub struct PerformJob<S, W> {
    state: S,
    args: W,
    configure: Box<dyn FnOnce(NewJob) -> NewJob + Send>,
    change: Box<dyn FnOnce(Job) -> Job + Send>,
    oban: Option<Oban>,
}

impl<S, W> PerformJob<S, W>
where
    S: Send + Sync + 'static,
    W: Worker<S>,
{
    /// Gives the job options as it would be inserted with:
    /// `perform_job((), args).job(|job| job.priority(1).meta(json!({"a": 1})))`.
    pub fn job(mut self, options: impl FnOnce(NewJob) -> NewJob + Send + 'static) -> Self {
        let before = self.configure;
        self.configure = Box::new(move |job| options(before(job)));
        self
    }

    /// Changes the row that the worker is to see, whatever a store would say of it.
    pub fn row(mut self, change: impl FnOnce(&mut Job) + Send + 'static) -> Self {
        let before = self.change;
        self.change = Box::new(move |job| {
            let mut job = before(job);
            change(&mut job);
            job
        });
        self
    }

    /// Runs it as this attempt. Default 1.
    pub fn attempt(self, attempt: u32) -> Self {
        self.row(move |job| job.attempt = attempt)
    }

    /// Merges the keys of a JSON object into the job's meta.
    pub fn meta(self, meta: serde_json::Value) -> Self {
        self.job(|job| job.meta(meta))
    }

    /// Gives the job an id. Default: a low number.
    pub fn id(self, id: impl Into<JobId>) -> Self {
        let id = id.into();
        self.row(move |job| job.id = id)
    }

    /// Sets when the job was due. Default: the moment it runs.
    pub fn scheduled_at(self, at: DateTime<Utc>) -> Self {
        self.row(move |job| job.scheduled_at = at)
    }

    /// The instance that [`Context::oban`] gives the worker, so that the test sees what it inserts.
    pub fn oban(mut self, oban: &Oban) -> Self {
        self.oban = Some(oban.clone());
        self
    }

    async fn run(self) -> Performed {
        let Self { state, args, configure, change, oban } = self;
        let store = modes::manual().start().await?;
        let new = configure(args.into_job());
        let job = Arc::new(change(executing(&store, new).await?));
        let worker: W = job.args_as()?;
        let timeout = W::timeout(&job);
        let context = Context::new(job, Arc::new(state), CancellationToken::new(), oban.unwrap_or(store));
        let performing = context.clone().scope(async { worker.perform(context).await });
        let outcome = match timeout {
            None => performing.await?,
            Some(after) => time::timeout(after, performing)
                .await
                .unwrap_or_else(|_| Err(format!("{} timed out after {after:?}", W::WORKER).into()))?,
        };
        judge(&outcome, W::RECORD_LIMIT)?;
        Ok(outcome)
    }
}

/// The row a worker would see in its first attempt.
async fn executing(store: &Oban, new: NewJob) -> Result<Job, Error> {
    let stored = store.insert(new).await?.job;
    let attempted_by = vec![store.node().to_owned()];
    let attempted_at = Some(stored.inserted_at);
    Ok(Job { state: JobState::Executing, attempt: 1, attempted_at, attempted_by, ..stored })
}

/// Says what a node would say against the outcome.
fn judge(outcome: &Outcome, record_limit: usize) -> Result<(), String> {
    match outcome {
        Outcome::Record(result) => match result.value() {
            Some(value) => Finish::record_within(value, record_limit).map(|_| ()),
            None => result.problem().map_or(Ok(()), |problem| Err(problem.to_owned())),
        },
        Outcome::Snooze(snooze) => snooze.problem().map_or(Ok(()), |problem| Err(problem.to_owned())),
        _ => Ok(()),
    }
}

impl<S, W> IntoFuture for PerformJob<S, W>
where
    S: Send + Sync + 'static,
    W: Worker<S>,
{
    type Output = Performed;
    type IntoFuture = Pin<Box<dyn Future<Output = Performed> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<S, W> std::fmt::Debug for PerformJob<S, W> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("PerformJob").finish_non_exhaustive()
    }
}
