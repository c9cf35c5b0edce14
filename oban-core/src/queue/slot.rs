use std::{
    any::Any,
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    thread,
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;

use super::inbox::Inbox;
use crate::{
    Ack, Finish, Job, JobId,
    telemetry::{self, Cause, FailureKind, JobEvent, Run, Telemetry},
};

/// What a run and its producer share. Whoever finishes it first decides; the other is ignored.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(super) run: RunId,
    pub(super) job: Arc<Job>,
    pub(super) cancellation: CancellationToken,
    inbox: Arc<Inbox>,
    /// When the run began, if anybody wants to hear how long it takes.
    began: OnceLock<Instant>,
    finished: AtomicBool,
    killed: AtomicBool,
    kill: Notify,
    panic: Mutex<Option<Panic>>,
}

/// What a worker panicked with.
pub(super) type Panic = Box<dyn Any + Send>;

/// Names a run within its producer. Its job does not: that may come back while an old run of it lingers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RunId {
    pub(super) job: JobId,
    pub(super) number: u64,
}

/// What a run tells its producer.
#[derive(Debug)]
pub(super) enum Event {
    /// It is over.
    Finished { run: RunId, ack: Ack, story: Option<Box<Story>> },
    /// It may take so long.
    Timeout { run: RunId, after: Duration },
}

/// What telemetry tells of a run once the store has taken its outcome.
#[derive(Debug)]
pub(crate) struct Story {
    pub(super) run: Run,
    /// What made it fail, if it did.
    pub(super) cause: Option<Cause>,
    /// It was ended from outside.
    pub(super) dropped: bool,
}

impl Story {
    /// How the run ended, now that its outcome is stored.
    pub(crate) fn end(self, finish: &Finish) -> JobEvent {
        JobEvent::of(self.run, finish, self.cause)
    }
}

/// How a run ended, and what made it fail, if it did.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) finish: Finish,
    pub(super) cause: Option<Cause>,
}

impl From<Finish> for Ended {
    fn from(finish: Finish) -> Self {
        Self { finish, cause: None }
    }
}

impl Slot {
    pub(super) fn new(run: RunId, job: Arc<Job>, inbox: Arc<Inbox>) -> Self {
        Self {
            run,
            job,
            cancellation: CancellationToken::new(),
            inbox,
            began: OnceLock::new(),
            finished: AtomicBool::new(false),
            killed: AtomicBool::new(false),
            kill: Notify::new(),
            panic: Mutex::default(),
        }
    }

    /// The run begins.
    pub(super) fn begin(&self, telemetry: &Telemetry) {
        if telemetry.is_on() && self.began.set(Instant::now()).is_ok() {
            telemetry.emit(|| telemetry::Event::Job(JobEvent::started(&self.job)));
        }
    }

    /// Reports the outcome, unless there is one.
    pub(super) fn finish(&self, ended: impl Into<Ended>) {
        let Ended { finish, cause } = ended.into();
        // First, because it may drop a worker's error, whose code is the user's.
        let story = self.story(cause);
        if self.claim() {
            let ack = Ack::of(&self.job, finish);
            self.report(Event::Finished { run: self.run, ack, story });
        }
    }

    /// What there is to tell of a run that is over; `None` if it never began, or nobody hears.
    pub(super) fn story(&self, cause: Option<Cause>) -> Option<Box<Story>> {
        let run = Run::new(&self.job, self.began.get()?.elapsed());
        Some(Box::new(Story { run, cause, dropped: self.killed.load(Ordering::Acquire) }))
    }

    pub(super) fn report(&self, event: Event) {
        self.inbox.push(event);
    }

    /// Takes the right to decide the outcome.
    pub(super) fn claim(&self) -> bool {
        !self.finished.swap(true, Ordering::AcqRel)
    }

    /// Has the run dropped at its next await.
    pub(super) fn kill(&self) {
        self.killed.store(true, Ordering::Release);
        self.cancellation.cancel();
        self.kill.notify_one();
    }

    /// Keeps a worker's panic for a caller in whose task it runs.
    pub(super) fn keep_panic(&self, panic: Panic) {
        *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
    }

    pub(super) fn take_panic(&self) -> Option<Panic> {
        self.panic.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Drives a run to its end; `None` once it is killed. One that ends with its first turn never waits for that.
    pub(super) async fn unless_killed<T>(&self, run: impl Future<Output = T>) -> Option<T> {
        let (mut run, mut kill) = (pin!(run), pin!(self.kill.notified()));
        poll_fn(|context| {
            if self.killed.load(Ordering::Acquire) {
                return Poll::Ready(None);
            }
            match run.as_mut().poll(context) {
                Poll::Ready(ended) => Poll::Ready(Some(ended)),
                Poll::Pending => kill.as_mut().poll(context).map(|()| None),
            }
        })
        .await
    }
}

/// Held by a run. However the run ends, its slot does not stay taken.
pub(super) struct Tenancy(pub(super) Arc<Slot>);

impl Drop for Tenancy {
    fn drop(&mut self) {
        let slot = &self.0;
        // Whoever killed it decides its outcome.
        if slot.finished.load(Ordering::Acquire) || slot.killed.load(Ordering::Acquire) {
            return;
        }
        if thread::panicking() {
            let error = "panicked outside of its worker, in a log subscriber or while an error was printed"
                .to_owned();
            let finish = if slot.job.is_exhausted() {
                Finish::Discard { error }
            } else {
                Finish::Retry { delay: crate::default_backoff(&slot.job), error }
            };
            slot.finish(Ended { finish, cause: Some(FailureKind::Panic.into()) });
        } else {
            // The application's runtime has ended, and the run with it.
            slot.finish(Finish::HandBack);
        }
    }
}
