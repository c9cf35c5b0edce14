//! Jobs that run where they are inserted.

use std::{
    panic,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};

use crate::{
    Clock, Inserted, Job, JobId, JobState, NewJob, Schedule,
    clock::later,
    queue::{Executor, Ran, run_here},
    telemetry::Event,
};

/// Stands in for the store in [`Testing::Inline`](super::Testing::Inline).
#[derive(Debug)]
pub(crate) struct Inline {
    clock: Clock,
    last_id: AtomicI64,
}

impl Inline {
    /// To be made on the runtime whose time counts.
    pub(super) fn new() -> Self {
        Self { clock: Clock::following_tokio(), last_id: AtomicI64::new(0) }
    }

    /// Runs each job, one after the other, and returns what became of them.
    pub(super) async fn insert(&self, executor: Executor, node: &str, jobs: Vec<NewJob>) -> Vec<Inserted> {
        let executor = Arc::new(executor);
        let mut inserted = Vec::with_capacity(jobs.len());
        for new in jobs {
            let job = Arc::new(self.executing(new, node));
            let Ran { ack, story, panic } = run_here(&executor, Arc::clone(&job)).await;
            if let Some(story) = story {
                executor.telemetry().emit(|| Event::Job(story.end(&ack.finish)));
            }
            if let Some(panic) = panic {
                panic::resume_unwind(panic);
            }
            let mut job = Arc::unwrap_or_clone(job);
            ack.finish.apply(&mut job, self.now());
            inserted.push(Inserted::new(job));
        }
        inserted
    }

    /// The row as its worker would see it.
    fn executing(&self, new: NewJob, node: &str) -> Job {
        let now = self.now();
        let scheduled_at = match new.schedule {
            Schedule::Now => now,
            Schedule::At(at) => later(at, Duration::ZERO),
            Schedule::In(period) => later(now, period.as_duration()),
        };
        Job {
            id: JobId(self.last_id.fetch_add(1, Ordering::Relaxed) + 1),
            state: JobState::Executing,
            queue: new.queue,
            worker: new.worker,
            args: new.args,
            meta: new.meta,
            tags: new.tags,
            attempt: 1,
            max_attempts: new.max_attempts,
            priority: new.priority,
            attempted_by: vec![node.to_owned()],
            inserted_at: now,
            scheduled_at,
            attempted_at: Some(now),
            ..Job::default()
        }
    }

    fn now(&self) -> DateTime<Utc> {
        // This clock always has a time of its own.
        self.clock.now().unwrap_or_default()
    }
}
