use std::{future::Future, panic::AssertUnwindSafe, sync::Arc, thread, time::Duration};

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span};

use super::slot::{Ended, Event, Slot, Tenancy};
use crate::{
    BoxError, Finish, Job, Oban, Outcome, Period, backoff,
    telemetry::{Cause, FailureKind, Propagation, Telemetry},
    worker::{Checked, Registry, Run},
};

/// Runs jobs, each in a task of its own on the application's runtime.
#[derive(Debug)]
pub(crate) struct Executor {
    registry: Registry,
    workers: Handle,
    oban: Oban,
    telemetry: Telemetry,
    propagation: Propagation,
}

/// What went wrong in a worker never goes further than this: the text to store, and what telemetry wants to know.
pub(crate) struct Failure {
    text: String,
    cause: Cause,
}

/// Longer error texts are cut: a row is read by people and fetched again with each attempt.
const LONGEST_ERROR: usize = 64 * 1024;

impl Executor {
    pub(crate) fn new(
        registry: Registry,
        workers: Handle,
        oban: Oban,
        telemetry: Telemetry,
        propagation: Propagation,
    ) -> Self {
        Self { registry, workers, oban, telemetry, propagation }
    }

    pub(crate) fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// Starts runs, each in a task; they report to their slots. Calls `began` when each has had its first turn, or
    /// about then.
    pub(crate) fn start_tasks(
        self: &Arc<Self>,
        slots: Vec<Arc<Slot>>,
        tracker: &TaskTracker,
        began: impl FnOnce() + Send + 'static,
    ) {
        let (executor, runs) = (Arc::clone(self), tracker.clone());
        // Theirs from here on: where the runtime has ended, this task is dropped and they are handed back.
        let tenancies: Vec<_> = slots.into_iter().map(Tenancy).collect();
        // Spawned from within, tasks reach a thread of the application without waking one for each.
        self.workers.spawn(tracker.track_future(async move {
            let workers = Handle::current();
            for tenancy in tenancies {
                workers.spawn(runs.track_future(executor.run(tenancy)));
            }
            tokio::task::yield_now().await;
            began();
        }));
    }

    /// Starts runs, each in a thread of its own. Not one of tokio's threads for blocking work: a process could not exit
    /// while one of them is stuck.
    pub(crate) fn start_threads(self: &Arc<Self>, slots: Vec<Arc<Slot>>, tracker: &TaskTracker) {
        for slot in slots {
            let (workers, run) =
                (self.workers.clone(), tracker.track_future(self.run(Tenancy(Arc::clone(&slot)))));
            let thread = thread::Builder::new().name(format!("oban {}", slot.job.queue));
            if let Err(error) = thread.spawn(move || workers.block_on(run)) {
                let text = format!("there is no thread to run it: {error}");
                self.fail(slot, Failure::new(FailureKind::NotStarted, text));
            }
        }
    }

    pub(super) fn run(self: &Arc<Self>, tenancy: Tenancy) -> impl Future<Output = ()> + Send + use<> {
        let executor = Arc::clone(self);
        async move {
            let slot = &tenancy.0;
            slot.begin(&executor.telemetry);
            // Made here, on a thread of the application, of which there are more than the producer's one.
            let span = span_of(&slot.job);
            executor.propagation.extract(&slot.job.meta, &span);
            async {
                if let Some(ended) = slot.unless_killed(executor.execute(slot)).await {
                    slot.finish(ended);
                }
            }
            .instrument(span)
            .await;
        }
    }

    /// Records a failure of a run that was ended from outside. On the application's runtime too: `backoff` is user code.
    pub(crate) fn fail(&self, slot: Arc<Slot>, failure: Failure) {
        let worker = self.registry.get(&slot.job.worker);
        slot.begin(&self.telemetry);
        self.workers.spawn(async move { slot.finish(failed(worker.as_deref(), &slot.job, failure)) });
    }

    async fn execute(&self, slot: &Slot) -> Ended {
        let job = &slot.job;
        tracing::debug!("job started");
        let worker = match self.resolve(job) {
            Ok(worker) => worker,
            Err(failure) => return failed(None, job, failure),
        };
        if let Err(failure) = start_timeout(&*worker, slot) {
            return failed(Some(&*worker), job, failure);
        }
        let performed = self.perform(&*worker, slot).await;
        normalize(&*worker, job, performed)
    }

    fn resolve(&self, job: &Job) -> Result<Arc<dyn Run>, Failure> {
        self.registry.get(&job.worker).ok_or_else(|| {
            let text = format!(
                "unknown worker: {:?} is not registered on this node, which knows {:?}; add .worker::<…>() or route its \
                 jobs to another queue",
                job.worker,
                self.registry.names()
            );
            Failure::new(FailureKind::UnknownWorker, text)
        })
    }

    async fn perform(&self, worker: &dyn Run, slot: &Slot) -> Result<Outcome, Failure> {
        // Inside the async block, so that a panic before the first await is caught too.
        let perform = async {
            worker.perform(Arc::clone(&slot.job), slot.cancellation.clone(), self.oban.clone()).await
        };
        match AssertUnwindSafe(perform).catch_unwind().await {
            Ok(Ok(outcome)) => Ok(outcome),
            Ok(Err(error)) => Err(Failure::returned(error)),
            Err(panic) => {
                let text = format!("panicked: {}", panic_text(&*panic));
                slot.keep_panic(panic);
                Err(Failure::new(FailureKind::Panic, text))
            }
        }
    }
}

fn span_of(job: &Job) -> Span {
    tracing::info_span!(
        "oban.job",
        id = job.id.0,
        queue = job.queue,
        worker = job.worker,
        attempt = job.attempt
    )
}

/// The producer keeps the time, since a worker that blocks would not.
fn start_timeout(worker: &dyn Run, slot: &Slot) -> Result<(), Failure> {
    match std::panic::catch_unwind(AssertUnwindSafe(|| worker.timeout(&slot.job))) {
        Ok(Some(after)) => {
            slot.report(Event::Timeout { run: slot.run, after });
            Ok(())
        }
        Ok(None) => Ok(()),
        Err(panic) => {
            Err(Failure::new(FailureKind::Panic, format!("timeout panicked: {}", panic_text(&*panic))))
        }
    }
}

fn normalize(worker: &dyn Run, job: &Job, performed: Result<Outcome, Failure>) -> Ended {
    let finish = match performed {
        Ok(Outcome::Complete) => Finish::Complete { recorded: None },
        Ok(Outcome::Record(Checked(Ok(value)))) => match Finish::record_within(&value, worker.record_limit())
        {
            Ok(finish) => finish,
            Err(text) => return failed(Some(worker), job, Failure::new(FailureKind::Error, text)),
        },
        Ok(Outcome::Snooze(Checked(Ok(snooze)))) => {
            Finish::Snooze { delay: snooze.period.as_duration(), meta: snooze.meta }
        }
        Ok(Outcome::Cancel(reason)) => Finish::Cancel { error: storable(&reason) },
        Ok(Outcome::Discard(reason)) => Finish::Discard { error: storable(&reason) },
        Ok(Outcome::Record(Checked(Err(text))) | Outcome::Snooze(Checked(Err(text)))) => {
            return failed(Some(worker), job, Failure::new(FailureKind::Error, text));
        }
        Err(failure) => return failed(Some(worker), job, failure),
    };
    finish.into()
}

fn failed(worker: Option<&dyn Run>, job: &Job, failure: Failure) -> Ended {
    let Failure { text, cause } = failure;
    let error = storable(&text);
    tracing::warn!(id = job.id.0, worker = job.worker, attempt = job.attempt, error, "job failed");
    let cause = Some(cause);
    if job.is_exhausted() {
        return Ended { finish: Finish::Discard { error }, cause };
    }
    let delay = match worker.map(|worker| std::panic::catch_unwind(AssertUnwindSafe(|| worker.backoff(job))))
    {
        Some(Ok(delay)) => Period::try_from(delay).map_or(LONGEST_BACKOFF, Period::as_duration),
        Some(Err(panic)) => {
            tracing::error!(
                worker = job.worker,
                panic = panic_text(&*panic),
                "backoff panicked; the default counts"
            );
            backoff::job(job)
        }
        None => backoff::job(job),
    };
    Ended { finish: Finish::Retry { delay, error }, cause }
}

/// What `Duration::MAX` and its like are taken for.
const LONGEST_BACKOFF: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// The failure of a run that took longer than its worker allows.
pub(super) fn timed_out(job: &Job, after: Duration) -> Failure {
    Failure::new(FailureKind::Timeout, format!("{} timed out after {after:?}", job.worker))
}

/// The outcome of a run that timed out while the application's runtime does not even compute its backoff.
pub(super) fn forced(job: &Job, after: Duration) -> Ended {
    failed(None, job, timed_out(job, after))
}

impl Failure {
    fn new(kind: FailureKind, text: String) -> Self {
        Self { text, cause: kind.into() }
    }

    /// What a worker returned.
    fn returned(error: BoxError) -> Self {
        let text = with_causes(&error);
        Self { text, cause: Cause { kind: FailureKind::Error, error: Some(error.into()) } }
    }
}

fn with_causes(error: &BoxError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let line = error.to_string();
        // Many errors name their source in their own text.
        if !text.contains(&line) {
            text.push_str("\ncaused by: ");
            text.push_str(&line);
        }
        cause = error.source();
    }
    text
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("with a value that is no text")
}

/// No database stores NUL in a text.
fn storable(text: &str) -> String {
    let text = text.replace('\0', "\u{fffd}");
    if text.len() <= LONGEST_ERROR {
        return text;
    }
    let end = text.floor_char_boundary(LONGEST_ERROR);
    format!("{}… ({} of {} bytes)", &text[..end], end, text.len())
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_ERROR, storable, with_causes};
    use crate::{BoxError, Error, ErrorKind};

    #[test]
    fn error_texts_can_be_stored() {
        assert_eq!(storable("a\0b"), "a\u{fffd}b");
        let long = storable(&"ü".repeat(1_000_000));
        assert!(long.len() < LONGEST_ERROR + 100 && long.ends_with("of 2000000 bytes)"));
    }

    #[test]
    fn each_cause_is_named_once() {
        let error = Error::new(ErrorKind::Store, "insert", "refused").with_source("disk full");
        let error: BoxError = error.into();
        assert_eq!(with_causes(&error), "insert: refused: disk full");
    }
}
