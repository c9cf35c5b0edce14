use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::slot::Story;
use crate::{
    Ack, Error, Finish, JobId, backoff,
    telemetry::{Event, JobEvent, Telemetry},
};

/// Gathers the outcomes of one producer's runs and keeps each until the store took it.
///
/// Its memory is bounded by the queue's limit and what it may read ahead: no fetch succeeds without the outcomes, so an
/// outage stops consumption instead of losing results.
#[derive(Debug)]
pub(super) struct Acker {
    telemetry: Telemetry,
    pending: Vec<Ack>,
    /// What to tell of the runs whose outcomes these are.
    stories: HashMap<Execution, Box<Story>>,
    /// Failed calls in a row.
    failures: u32,
    retry_at: Option<Instant>,
    /// A batch was refused for good: find out which ack it was by sending each alone.
    one_by_one: bool,
}

/// What a job's executions are told apart by.
type Execution = (JobId, u32, Option<DateTime<Utc>>);

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

impl Acker {
    pub(super) fn new(telemetry: Telemetry) -> Self {
        Self {
            telemetry,
            pending: Vec::new(),
            stories: HashMap::new(),
            failures: 0,
            retry_at: None,
            one_by_one: false,
        }
    }

    pub(super) fn push(&mut self, ack: Ack, story: Option<Box<Story>>) {
        if let Some(story) = story {
            self.stories.insert(execution(&ack), story);
        }
        self.pending.push(ack);
    }

    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    /// The jobs whose outcomes wait here; their rows still say executing.
    pub(super) fn ids(&self) -> impl Iterator<Item = JobId> {
        self.pending.iter().map(|ack| ack.id)
    }

    /// When the store may be asked again; `None`: now.
    pub(super) fn wait(&mut self) -> Option<Instant> {
        if self.retry_at.is_some_and(|at| at <= Instant::now()) {
            self.retry_at = None;
        }
        self.retry_at
    }

    /// Whether acks have to travel without a fetch for now.
    pub(super) fn is_one_by_one(&self) -> bool {
        self.one_by_one
    }

    /// What to send next. It comes back by [`settle`](Acker::settle), [`keep`](Acker::keep) or [`refuse`](Acker::refuse).
    pub(super) fn take(&mut self) -> Vec<Ack> {
        if self.one_by_one && self.pending.len() > 1 {
            let rest = self.pending.split_off(1);
            return std::mem::replace(&mut self.pending, rest);
        }
        std::mem::take(&mut self.pending)
    }

    /// The store took a batch; `taken` are those that still were what they spoke of.
    pub(super) fn settle(&mut self, batch: &[Ack], taken: &[JobId]) {
        self.one_by_one &= !self.pending.is_empty();
        let stale = batch.len().saturating_sub(taken.len());
        if stale > 0 {
            tracing::debug!(
                stale,
                "outcomes ignored: their rows were cancelled, rescued or deleted meanwhile"
            );
        }
        if !self.stories.is_empty() {
            self.tell(batch, taken);
        }
        self.recover();
    }

    /// Tells how runs ended, now that the store has said so.
    fn tell(&mut self, batch: &[Ack], taken: &[JobId]) {
        let taken: HashSet<JobId> = taken.iter().copied().collect();
        for ack in batch {
            let Some(story) = self.stories.remove(&execution(ack)) else { continue };
            self.telemetry.emit(|| {
                Event::Job(if taken.contains(&ack.id) {
                    story.end(&ack.finish)
                } else if story.dropped {
                    JobEvent::Dropped { run: story.run }
                } else {
                    JobEvent::Ignored { run: story.run, state: ack.finish.state() }
                })
            });
        }
    }

    /// The store may not have taken a batch: keep it.
    pub(super) fn keep(&mut self, mut batch: Vec<Ack>) {
        batch.append(&mut self.pending);
        self.pending = batch;
    }

    /// A call succeeded.
    pub(super) fn recover(&mut self) {
        if self.failures > 0 {
            tracing::info!(failures = self.failures, "the store answers again");
        }
        self.failures = 0;
        self.retry_at = None;
    }

    /// A call failed: wait, longer each time.
    pub(super) fn back_off(&mut self, error: &Error) {
        if self.failures == 0 {
            tracing::warn!(%error, "the store does not answer; outcomes are kept until it does");
        }
        let wait = backoff::exponential(self.failures, FIRST_WAIT, LONGEST_WAIT);
        self.failures = self.failures.saturating_add(1);
        self.retry_at = Some(Instant::now() + wait);
    }

    /// The store refused a batch for good. An outcome that cannot be stored must not hold up the others for ever.
    pub(super) fn refuse(&mut self, mut batch: Vec<Ack>, error: &Error) {
        if let [ack] = batch.as_mut_slice() {
            tracing::error!(%error, id = ack.id.0, "an outcome cannot be stored; a plain failure takes its place");
            ack.finish = plain(&ack.finish, error);
            // Behind the others, lest they wait for it.
            self.pending.append(&mut batch);
        } else {
            self.one_by_one = true;
            self.keep(batch);
        }
    }
}

fn execution(ack: &Ack) -> Execution {
    (ack.id, ack.attempt, ack.attempted_at)
}

/// The nearest outcome that holds nothing a store could object to.
fn plain(finish: &Finish, error: &Error) -> Finish {
    let error = format!("the outcome could not be stored: {:?}", error.kind());
    match finish {
        Finish::Complete { .. } | Finish::Retry { .. } => Finish::Retry { delay: LONGEST_WAIT, error },
        Finish::Discard { .. } => Finish::Discard { error },
        Finish::Cancel { .. } => Finish::Cancel { error },
        Finish::Snooze { delay, meta } if meta.is_empty() => Finish::snooze(*delay),
        // Its next run would not find what this one left.
        Finish::Snooze { .. } => Finish::Retry { delay: LONGEST_WAIT, error },
        Finish::HandBack => Finish::HandBack,
        Finish::Return => Finish::Return,
    }
}
