//! How many jobs a producer asks for, and when they start.

use std::sync::Arc;

use tokio::time::Instant;

use super::{LONGEST_BURST, Producer};
use crate::{Ack, Finish, SonarStatus};

impl Producer {
    /// How many jobs may be ours, those that run and those read ahead. One fetch too few tells what the pace is for.
    fn window(&self) -> usize {
        let ahead = if self.appetite.has_backlog() { self.ahead.room() } else { 0 };
        self.meta.limit.saturating_add(ahead)
    }

    /// The outcomes or free places that are worth a call: any, but beside another call, or quick jobs that wait for their
    /// slots, not few.
    pub(super) fn enough(&self) -> usize {
        let is_busy = self.calls.len() > 0 || (self.ahead.len() > 0 && self.ahead.room() > 0);
        let part = if self.spares_the_store() { 1 } else { 4 };
        if is_busy { (self.window() / part).max(1) } else { 1 }
    }

    /// How many calls may be under way.
    pub(super) fn most_calls(&self) -> usize {
        if self.spares_the_store() { 1 } else { self.appetite.most_calls(self.window()) }
    }

    /// Where many nodes ask for quick jobs, the store is what all of them wait for. Then few and large calls get more out
    /// of it: a second one would mostly pass over the rows that others are taking.
    fn spares_the_store(&self) -> bool {
        self.window() > self.meta.limit
            && self.appetite.is_store_slow()
            && self.wiring.sounding.borrow().status == SonarStatus::Clustered
    }

    /// How many jobs to ask for; 0 when there is no reason to ask.
    pub(super) fn demand(&self) -> usize {
        if self.appetite.is_hungry() && self.meta.is_fetching() && !self.acker.is_one_by_one() {
            let (window, ours) = (self.window(), self.runs.len() + self.ahead.len() + self.calls.demand());
            window.saturating_sub(ours).min(window.div_ceil(self.most_calls()))
        } else {
            0
        }
    }

    /// Starts jobs that have been fetched, as slots are free. None once the queue is paused or stops.
    pub(super) fn start(&mut self) {
        if !self.meta.is_fetching() {
            return;
        }
        let (now, free) = (Instant::now(), self.meta.limit.saturating_sub(self.runs.len()));
        let add = |job| self.runs.add(job, Arc::clone(&self.inbox), now);
        let slots: Vec<_> = self.ahead.pop(free).into_iter().map(add).collect();
        if self.wiring.blocking {
            self.executor.start_threads(slots, &self.tracker);
        } else if !slots.is_empty() {
            let burst = self.inbox.begin_burst(slots.len(), self.burst.is_some());
            self.burst = Some(Instant::now() + LONGEST_BURST);
            let inbox = Arc::clone(&self.inbox);
            self.executor.start_tasks(slots, &self.tracker, move || inbox.end_burst(burst));
        }
    }

    /// Jobs that have no slot soon, or never as the queue is paused or stops, are others' to run.
    pub(super) fn give_back_what_waits_in_vain(&mut self) {
        let is_stale = self.ahead.stale_at().is_some_and(|at| at <= Instant::now());
        if !is_stale && self.meta.is_fetching() {
            return;
        }
        let jobs = self.ahead.give_up();
        if jobs.is_empty() {
            return;
        }
        self.appetite.returned();
        if self.watchman.is_some() {
            self.orphans.extend(jobs.iter().map(|job| job.id));
        }
        for job in jobs {
            self.acker.push(Ack::of(&job, Finish::Return), None);
        }
    }
}
