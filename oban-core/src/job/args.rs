use chrono::{DateTime, Utc};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{NewJob, Replace, Unique};
use crate::{CronEntry, Period, PeriodError};

/// The typed payload of one kind of job.
///
/// `#[job]` writes this impl; it can as well be written by hand. The value goes through JSON
/// on its way to the worker and has to be a JSON object there: a struct with named fields.
///
/// The provided methods turn a value into a [`NewJob`] with options of its own:
///
/// ```
/// use oban_core::{JobArgs, NewJob};
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct SendWelcome { user_id: i64 }
///
/// impl JobArgs for SendWelcome {
///     const WORKER: &'static str = "SendWelcome";
///
///     fn configure(job: NewJob) -> NewJob {
///         job.queue("mailers").max_attempts(3)
///     }
/// }
///
/// let job = SendWelcome { user_id: 1 }.schedule_in("5m").tag("onboarding");
/// assert_eq!(job.queue, "mailers");
/// ```
pub trait JobArgs: Serialize + DeserializeOwned + Send + 'static {
    /// The stored name of the worker, 1 to 127 characters. Rows outlive code: once jobs are
    /// stored under a name, keep it.
    const WORKER: &'static str;

    /// Other stored names this worker answers to, by which it was known before it was renamed, or is known to nodes in
    /// other languages. They find the worker of a stored job and nothing else: new jobs are stored as
    /// [`WORKER`](JobArgs::WORKER), and filters go by the name that is stored.
    const ALIASES: &'static [&'static str] = &[];

    /// Gives a new job the defaults of its kind.
    fn configure(job: NewJob) -> NewJob {
        job
    }

    /// The entry that every node with this worker keeps: what `#[job(cron = "…")]` makes. Default none.
    fn cron() -> Option<CronEntry> {
        None
    }

    /// A job with these args and the defaults of its kind.
    fn into_job(self) -> NewJob {
        NewJob::of(self)
    }

    /// See [`NewJob::queue`].
    fn queue(self, queue: impl Into<String>) -> NewJob {
        self.into_job().queue(queue)
    }

    /// See [`NewJob::priority`].
    fn priority(self, priority: i32) -> NewJob {
        self.into_job().priority(priority)
    }

    /// See [`NewJob::max_attempts`].
    fn max_attempts(self, max_attempts: u32) -> NewJob {
        self.into_job().max_attempts(max_attempts)
    }

    /// See [`NewJob::tag`].
    fn tag(self, tag: impl Into<String>) -> NewJob {
        self.into_job().tag(tag)
    }

    /// See [`NewJob::meta`].
    fn meta(self, meta: Value) -> NewJob {
        self.into_job().meta(meta)
    }

    /// See [`NewJob::schedule_in`].
    fn schedule_in(self, period: impl TryInto<Period, Error: Into<PeriodError>>) -> NewJob {
        self.into_job().schedule_in(period)
    }

    /// See [`NewJob::schedule_at`].
    fn schedule_at(self, at: DateTime<Utc>) -> NewJob {
        self.into_job().schedule_at(at)
    }

    /// See [`NewJob::unique`].
    fn unique(self, unique: Unique) -> NewJob {
        self.into_job().unique(unique)
    }

    /// See [`NewJob::replace`].
    fn replace(self, replace: Replace) -> NewJob {
        self.into_job().replace(replace)
    }
}
