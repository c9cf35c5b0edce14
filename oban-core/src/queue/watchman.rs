use std::time::Duration;

use tokio::time::Instant;

use crate::JobId;

/// Watches a queue empty itself at its stop.
#[derive(Debug)]
pub(super) struct Watchman {
    queue: String,
    since: Instant,
    grace: Duration,
    /// The remaining runs were asked to end.
    warned: bool,
    /// The grace is over, and the remaining runs were ended.
    handed_back: bool,
}

/// How long a stop waits for a store that does not take the last outcomes. Their rows are left to rescue.
const FLUSH_WITHIN: Duration = Duration::from_secs(10);

/// What a stopping queue does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Jobs run, or outcomes wait: go on until then.
    Wait(Instant),
    /// The grace is almost over: ask the remaining runs to end.
    Warn,
    /// The grace is over: end the remaining runs.
    HandBack,
    /// Nothing is left to do.
    Leave,
    /// The store does not answer. What is left is for rescue to find.
    GiveUp,
}

impl Watchman {
    pub(super) fn new(queue: &str, grace: Duration) -> Self {
        Self { queue: queue.to_owned(), since: Instant::now(), grace, warned: false, handed_back: false }
    }

    /// `running` jobs are left, and `pending` things to tell the store.
    pub(super) fn order(&mut self, running: usize, pending: usize) -> Order {
        let grace_ends = self.since + self.grace;
        // Runs that watch their cancellation get the last tenth to end tidily.
        let warning = grace_ends - self.grace / 10;
        let now = Instant::now();
        if running == 0 && pending == 0 {
            return Order::Leave;
        }
        if !self.handed_back && running > 0 {
            if now < warning {
                return Order::Wait(warning);
            }
            if !std::mem::replace(&mut self.warned, true) {
                return Order::Warn;
            }
            return if now < grace_ends { Order::Wait(grace_ends) } else { Order::HandBack };
        }
        let flush_ends = grace_ends + FLUSH_WITHIN;
        if now < flush_ends {
            return Order::Wait(flush_ends);
        }
        tracing::error!(
            queue = self.queue,
            pending,
            "stopped with outcomes the store did not take; rescue will find them"
        );
        Order::GiveUp
    }

    /// Since the stop began.
    pub(super) fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }

    /// The remaining runs were ended and their jobs handed back.
    pub(super) fn handed_back(&mut self, ids: &[JobId]) {
        self.handed_back = true;
        if !ids.is_empty() {
            tracing::warn!(queue = self.queue, grace = ?self.grace, interrupted = ?ids, "jobs outlasted the grace period and were handed back");
        }
    }
}
