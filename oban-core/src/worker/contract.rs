use std::{future::Future, time::Duration};

use super::{Context, Outcome};
use crate::{BoxError, Job, JobArgs, backoff};

/// What a worker answers. Any error converts with `?`; it counts as a failed attempt.
pub type Performed = Result<Outcome, BoxError>;

/// The code that runs one kind of job.
///
/// The struct is the job's args, so inserting and performing meet in one type. `S` is the
/// application's state: a worker that needs another one does not compile.
///
/// ```
/// use oban_core::{Context, Job, JobArgs, Outcome, Performed, Worker};
/// use std::time::Duration;
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
///         if self.user_id < 0 {
///             return Ok(Outcome::cancel(format!("user {} is gone", self.user_id)));
///         }
///         println!("attempt {}", ctx.job().attempt);
///         Ok(Outcome::Complete)
///     }
///
///     fn timeout(_: &Job) -> Option<Duration> {
///         Some(Duration::from_secs(60))
///     }
/// }
/// ```
///
/// # What holds while it runs
///
/// - A job runs at least once, not exactly once: a node may die after the work and before the
///   row says so. Make the work repeatable.
/// - A panic, a timeout, args that do not fit the struct and an unknown worker's name are failures like an `Err`.
/// - The future is dropped at its next `.await` when the job is cancelled and a grace has
///   passed, when its timeout has passed, or when the node has stopped waiting for it. Code that
///   does not await cannot be stopped; its slot is freed all the same and its late outcome is ignored.
/// - Jobs share the runtime that called `start()`. Code that blocks or computes for long
///   belongs in a queue with [`QueueOptions::blocking`](crate::QueueOptions::blocking), which gives each job a thread.
/// - The job may be cancelled, deleted or changed meanwhile. [`Context::job`] is the row as it was fetched.
pub trait Worker<S = ()>: JobArgs
where
    S: Send + Sync + 'static,
{
    /// How large a [recorded](Outcome::record) result may be, in bytes as it is stored: binary, in base64. A larger one
    /// fails the attempt; nothing is ever cut. Default 64,000: the result is a part of the row, and travels with it.
    const RECORD_LIMIT: usize = 64_000;

    /// Does the work.
    ///
    /// # Errors
    /// An error is recorded in the job, which is then tried again after [`backoff`](Worker::backoff), or discarded
    /// when its attempts are used up.
    fn perform(self, ctx: Context<S>) -> impl Future<Output = Performed> + Send;

    /// How long a failed job waits before its next attempt; [`Job::attempt`] is the one that failed. Default:
    /// Oban's ladder, which begins at 17 seconds and doubles, see [`default_backoff`](crate::default_backoff). When it
    /// panics, the default counts.
    fn backoff(job: &Job) -> Duration {
        backoff::job(job)
    }

    /// How long an attempt may take before it fails and is dropped. Default: as long as it likes. Asked once, as the
    /// attempt starts; when it panics, the attempt fails.
    fn timeout(job: &Job) -> Option<Duration> {
        let _ = job;
        None
    }
}
