//! One run in the task of whoever waits for it.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    Executor,
    executor::timed_out,
    inbox::Inbox,
    slot::{Event, Panic, RunId, Slot, Story, Tenancy},
};
use crate::{Ack, Job};

/// What came of a run.
pub(crate) struct Ran {
    pub(crate) ack: Ack,
    /// What telemetry tells of it, if anybody hears.
    pub(crate) story: Option<Box<Story>>,
    /// What its worker panicked with. The ack tells of it as well.
    pub(crate) panic: Option<Panic>,
}

/// Runs a job in the caller's task, as a producer would have it run elsewhere. Dropped, it drops the run.
pub(crate) async fn run_here(executor: &Arc<Executor>, job: Arc<Job>) -> Ran {
    let inbox = Arc::<Inbox>::default();
    inbox.want(1);
    let run = RunId { job: job.id, number: 1 };
    let slot = Arc::new(Slot::new(run, job, Arc::clone(&inbox)));
    let mut run = Box::pin(executor.run(Tenancy(Arc::clone(&slot))));
    let mut is_running = true;
    let mut timeout: Option<(Instant, Duration)> = None;
    loop {
        for event in inbox.take() {
            match event {
                Event::Finished { ack, story, .. } => {
                    return Ran { ack, story, panic: slot.take_panic() };
                }
                // A deadline too far to name never comes.
                Event::Timeout { after, .. } => {
                    timeout = Instant::now().checked_add(after).map(|at| (at, after));
                }
            }
        }
        let deadline = timeout.map(|(at, _)| at);
        tokio::select! {
            () = &mut run, if is_running => is_running = false,
            () = inbox.is_full() => {}
            () = tokio::time::sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                if let Some((_, after)) = timeout.take() {
                    slot.kill();
                    executor.fail(Arc::clone(&slot), timed_out(&slot.job, after));
                }
            }
        }
    }
}
