use std::{
    any::Any,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::inbox::Inbox;
use crate::{Ack, Finish, Job, JobId};

/// What a run and its producer share. Whoever finishes it first decides; the other is ignored.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(super) run: RunId,
    pub(super) job: Arc<Job>,
    pub(super) cancellation: CancellationToken,
    inbox: Arc<Inbox>,
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
    Finished { run: RunId, ack: Ack },
    /// It may take so long.
    Timeout { run: RunId, after: Duration },
}

impl Slot {
    pub(super) fn new(run: RunId, job: Arc<Job>, inbox: Arc<Inbox>) -> Self {
        Self {
            run,
            job,
            cancellation: CancellationToken::new(),
            inbox,
            finished: AtomicBool::new(false),
            killed: AtomicBool::new(false),
            kill: Notify::new(),
            panic: Mutex::default(),
        }
    }

    /// Reports the outcome, unless there is one.
    pub(super) fn finish(&self, finish: Finish) {
        if self.claim() {
            self.report(Event::Finished { run: self.run, ack: Ack::of(&self.job, finish) });
        }
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

    pub(super) async fn killed(&self) {
        self.kill.notified().await;
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
            slot.finish(if slot.job.is_exhausted() {
                Finish::Discard { error }
            } else {
                Finish::Retry { delay: crate::default_backoff(&slot.job), error }
            });
        } else {
            // The application's runtime has ended, and the run with it.
            slot.finish(Finish::HandBack);
        }
    }
}
