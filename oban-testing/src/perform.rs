use std::sync::Arc;

use oban_core::{Context, Error, Finish, Job, JobState, NewJob, Oban, Outcome, Performed, Worker};
use tokio::time;
use tokio_util::sync::CancellationToken;

use crate::Memory;

/// Runs a worker as a node would, without a node or a store, and returns its answer.
///
/// The args go through JSON both ways, as in production, and the job's options are checked. The worker's
/// timeout holds; a panic passes through. What it inserts with [`Context::oban`] goes to an in-memory store of its own.
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
///     async fn perform(self, _: Context) -> Performed {
///         Ok(Outcome::cancel(format!("user {} is gone", self.user_id)))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let outcome = perform_job((), SendWelcome { user_id: 9 }).await.unwrap();
/// assert_eq!(outcome, Outcome::cancel("user 9 is gone"));
/// # }
/// ```
///
/// # Errors
/// What the worker returns; a job that could not be inserted; args that do not survive JSON; a timeout; a result that
/// is too large to be recorded.
pub async fn perform_job<S, W>(state: S, args: W) -> Performed
where
    S: Send + Sync + 'static,
    W: Worker<S>,
{
    let oban = Oban::builder(Memory::new()).start().await?;
    let new = args.into_job();
    new.validate()?;
    let job = Arc::new(running(&oban, new).await?);
    let worker: W = job.args_as()?;
    let timeout = W::timeout(&job);
    let context = Context::new(Arc::clone(&job), Arc::new(state), CancellationToken::new(), oban);
    let performing = context.clone().scope(async { worker.perform(context).await });
    let performed = match timeout {
        None => performing.await,
        Some(after) => time::timeout(after, performing)
            .await
            .unwrap_or_else(|_| Err(format!("{} timed out after {after:?}", W::WORKER).into())),
    };
    if let Ok(Outcome::Record(result)) = &performed
        && let Some(value) = result.value()
    {
        Finish::record_within(value, W::RECORD_LIMIT)?;
    }
    performed
}

/// The row a worker would see in its first attempt.
async fn running(oban: &Oban, new: NewJob) -> Result<Job, Error> {
    let stored = oban.insert(new).await?.job;
    Ok(Job { state: JobState::Executing, attempt: 1, attempted_at: Some(stored.inserted_at), ..stored })
}
