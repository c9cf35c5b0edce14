//! Where workers say that they run.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};
use std::time::Instant;

use tokio::sync::Notify;

static COUNT: AtomicUsize = AtomicUsize::new(0);
static TARGET: AtomicUsize = AtomicUsize::new(usize::MAX);
static AT: Mutex<Option<Instant>> = Mutex::new(None);
static THERE: Notify = Notify::const_new();

/// Called by every worker in its first line. Costs next to nothing until the target is reached.
pub fn reached() {
    if COUNT.fetch_add(1, Ordering::AcqRel) + 1 == TARGET.load(Ordering::Acquire) {
        *AT.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        THERE.notify_one();
    }
}

/// Waits for so many jobs from now on; made before they are inserted.
#[derive(Debug)]
pub struct Target(());

impl Target {
    /// Forgets what has run so far and waits for `count` runs.
    pub fn new(count: usize) -> Self {
        TARGET.store(count, Ordering::Release);
        COUNT.store(0, Ordering::Release);
        *AT.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Self(())
    }

    /// The moment when the last of them began.
    pub async fn reached(self) -> Instant {
        loop {
            if let Some(at) = *AT.lock().unwrap_or_else(PoisonError::into_inner) {
                return at;
            }
            THERE.notified().await;
        }
    }
}
