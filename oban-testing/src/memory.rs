//! The engine that keeps jobs in this process's memory.

mod cron;
mod engine;
mod index;
mod inspect;
mod lifecycle;
mod notifier;
mod operator;
mod peer;
mod store;
mod upkeep;

use std::{
    fmt, mem,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicUsize},
};

use chrono::{DateTime, Utc};
use oban_core::{Channel, Clock, Hub};
use serde_json::json;

use store::Store;

/// An engine without a database, for tests and for trying things out.
///
/// It is the reference for every other engine: each call takes one lock and does what the
/// contract of [`Engine`](oban_core::Engine) says, in as few words as possible. Clones share one
/// store, so several instances can run on it as nodes of a cluster would. Nothing is kept when
/// the last clone is dropped.
///
/// ```
/// use oban_core::{Engine, JobState, NewJob};
/// use oban_testing::Memory;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> oban_core::Result<()> {
/// let engine = Memory::new();
/// let inserted = engine.insert_jobs(None, vec![NewJob::new("Greet", serde_json::json!({}))]).await?;
/// assert_eq!(inserted[0].state, JobState::Available);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Memory {
    shared: Arc<Shared>,
    clock: Clock,
}

/// What all clones of one engine have in common.
#[derive(Default)]
struct Shared {
    store: Mutex<Store>,
    hub: Hub,
    relays: AtomicUsize,
}

impl Memory {
    /// An empty store whose time follows tokio's clock, which tests can pause and advance.
    pub fn new() -> Self {
        Self::with_clock(Clock::following_tokio())
    }

    /// An empty store that works by `clock`. [`Clock::store`] stands for [`Clock::following_tokio`] here.
    pub fn with_clock(clock: Clock) -> Self {
        let clock = if clock.now().is_some() { clock } else { Clock::following_tokio() };
        Self { shared: Arc::default(), clock }
    }

    /// One transaction: `work` sees and changes the store alone, at one point in time, and
    /// the queues it announced are told to the others once it is done.
    fn transaction<T>(&self, work: impl FnOnce(&mut Store, DateTime<Utc>) -> T) -> T {
        let (result, queues, killed) = {
            let mut store = self.shared.store.lock().unwrap_or_else(PoisonError::into_inner);
            // Read under the lock, so that time never runs backwards from one transaction to the next.
            // `with_clock` has left no clock without a time.
            let now = self.clock.now().unwrap_or_default();
            let result = work(&mut store, now);
            (result, mem::take(&mut store.announced), mem::take(&mut store.killed))
        };
        for queue in queues {
            self.publish(Channel::Insert, json!({ "queue": queue }));
        }
        for id in killed {
            self.publish(Channel::Signal, json!({ "action": "pkill", "job_id": id }));
        }
        result
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Memory").field("clock", &self.clock).finish_non_exhaustive()
    }
}
