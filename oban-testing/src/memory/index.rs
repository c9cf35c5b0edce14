use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use chrono::{DateTime, Utc};
use oban_core::{Job, JobId, JobState, Position, UNIQUE_KEY};

/// Where to find rows without a scan. A row is in exactly one of the sets of states, or, while
/// suspended, in none.
#[derive(Default)]
pub(super) struct Index {
    /// For each queue the jobs that can be fetched, first one first.
    available: BTreeMap<String, BTreeSet<Position>>,
    /// Available jobs whose attempts are used up.
    pub(super) exhausted: BTreeSet<JobId>,
    /// Scheduled and retryable jobs, by the time they are due.
    waiting: BTreeSet<(DateTime<Utc>, JobId)>,
    /// As many as there are busy slots in the cluster.
    pub(super) executing: BTreeSet<JobId>,
    /// For each final state its jobs, by the time they ended.
    finished: BTreeMap<JobState, BTreeSet<(DateTime<Utc>, JobId)>>,
    /// Unique jobs, in whatever state, by their keys.
    unique: BTreeMap<String, BTreeSet<JobId>>,
}

impl Index {
    pub(super) fn add(&mut self, job: &Job) {
        if let Some(key) = unique_key(job) {
            self.unique.entry(key.to_owned()).or_default().insert(job.id);
        }
        match job.state {
            JobState::Suspended => {}
            JobState::Scheduled | JobState::Retryable => {
                self.waiting.insert((job.scheduled_at, job.id));
            }
            JobState::Available if job.is_exhausted() => {
                self.exhausted.insert(job.id);
            }
            JobState::Available => {
                let place = job.position();
                match self.available.get_mut(&job.queue) {
                    Some(queue) => queue.insert(place),
                    None => self.available.entry(job.queue.clone()).or_default().insert(place),
                };
            }
            JobState::Executing => {
                self.executing.insert(job.id);
            }
            JobState::Completed | JobState::Discarded | JobState::Cancelled => {
                let place = (ended_at(job), job.id);
                self.finished.entry(job.state).or_default().insert(place);
            }
        }
    }

    pub(super) fn remove(&mut self, job: &Job) {
        if let Some(key) = unique_key(job)
            && let Some(jobs) = self.unique.get_mut(key)
        {
            jobs.remove(&job.id);
            if jobs.is_empty() {
                self.unique.remove(key);
            }
        }
        match job.state {
            JobState::Suspended => {}
            JobState::Scheduled | JobState::Retryable => {
                self.waiting.remove(&(job.scheduled_at, job.id));
            }
            JobState::Available if job.is_exhausted() => {
                self.exhausted.remove(&job.id);
            }
            JobState::Available => {
                if let Some(queue) = self.available.get_mut(&job.queue) {
                    queue.remove(&job.position());
                }
            }
            JobState::Executing => {
                self.executing.remove(&job.id);
            }
            JobState::Completed | JobState::Discarded | JobState::Cancelled => {
                if let Some(ended) = self.finished.get_mut(&job.state) {
                    ended.remove(&(ended_at(job), job.id));
                }
            }
        }
    }

    /// The jobs a queue gets next, of those behind `after`.
    pub(super) fn available(&self, queue: &str, after: Option<Position>) -> impl Iterator<Item = JobId> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let queue = self.available.get(queue).into_iter();
        queue.flat_map(move |queue| queue.range((start, Bound::Unbounded))).map(|position| position.id)
    }

    /// The jobs with this key, lowest id first.
    pub(super) fn unique(&self, key: &str) -> impl Iterator<Item = JobId> {
        self.unique.get(key).into_iter().flatten().copied()
    }

    /// The queues that have jobs to give.
    pub(super) fn queues(&self) -> Vec<String> {
        self.available.iter().filter(|(_, jobs)| !jobs.is_empty()).map(|(queue, _)| queue.clone()).collect()
    }

    /// The waiting jobs that are due at `now`, oldest first.
    pub(super) fn due(&self, now: DateTime<Utc>) -> impl Iterator<Item = JobId> {
        self.waiting.iter().take_while(move |(at, _)| *at <= now).map(|(_, id)| *id)
    }

    /// The jobs that came to this end at `time` or before, oldest first.
    pub(super) fn ended(&self, state: JobState, time: DateTime<Utc>) -> impl Iterator<Item = JobId> {
        let ended = self.finished.get(&state).into_iter().flatten();
        ended.take_while(move |(at, _)| *at <= time).map(|(_, id)| *id)
    }
}

fn unique_key(job: &Job) -> Option<&str> {
    job.meta.get(UNIQUE_KEY)?.as_str()
}

fn ended_at(job: &Job) -> DateTime<Utc> {
    match job.state {
        JobState::Completed => job.completed_at,
        JobState::Discarded => job.discarded_at,
        _ => job.cancelled_at,
    }
    .unwrap_or_default()
}
