use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use oban_core::{Inserted, Job, JobFilter, JobId, JobState, NewJob, Schedule, Touched};

use super::{cron::Log, index::Index, peer::Held};

/// The tables. Every change of a row goes through [`Store::change`], which keeps the index true.
#[derive(Default)]
pub(super) struct Store {
    last_id: i64,
    /// Shared with those they were given out to. A row that is still in other hands is copied before it changes.
    rows: BTreeMap<JobId, Arc<Job>>,
    pub(super) index: Index,
    /// The last heartbeat of each registered producer, by its uuid as text, as `attempted_by` holds it.
    pub(super) producers: BTreeMap<String, DateTime<Utc>>,
    /// By the instance's name.
    pub(super) leases: BTreeMap<String, Held>,
    /// The minutes of cron entries, by the instance's name and the entry's.
    pub(super) cron: BTreeMap<(String, String), Log>,
    /// Queues that got available jobs in this transaction.
    pub(super) announced: BTreeSet<String>,
    /// Jobs that were cancelled in this transaction while they ran.
    pub(super) killed: Vec<JobId>,
}

impl Store {
    /// Stores a job, unless it is unique and one like it is there.
    pub(super) fn insert(&mut self, mut new: NewJob, now: DateTime<Utc>) -> Inserted {
        let Some(key) = new.sign() else { return Inserted::new(self.add(new, now)) };
        let Some(stored) = self.duplicate(&key, &new, now) else { return Inserted::new(self.add(new, now)) };
        let replaced =
            self.get(stored).and_then(|job| new.replace.apply(job, &new, due_at(new.schedule, now)));
        let job = match replaced {
            Some(replaced) => {
                let moved = self.get(stored).is_some_and(|job| job.queue != replaced.queue);
                if moved && replaced.state == JobState::Available {
                    self.announce(&replaced.queue);
                }
                self.change(stored, |job| *job = replaced)
            }
            None => self.rows.get(&stored),
        };
        Inserted::conflict(job.map(|job| Job::clone(job)).unwrap_or_default())
    }

    /// The oldest stored job that a new one with this key would be a duplicate of.
    fn duplicate(&self, key: &str, new: &NewJob, now: DateTime<Utc>) -> Option<JobId> {
        let unique = new.unique.as_ref()?;
        let counts = |id: &JobId| self.get(*id).is_some_and(|job| unique.counts(job, now));
        self.index.unique(key).find(counts)
    }

    fn add(&mut self, new: NewJob, now: DateTime<Utc>) -> Job {
        self.last_id += 1;
        let job = Job {
            id: JobId(self.last_id),
            state: new.state(),
            scheduled_at: due_at(new.schedule, now),
            inserted_at: now,
            queue: new.queue,
            worker: new.worker,
            args: new.args,
            meta: new.meta,
            tags: new.tags,
            max_attempts: new.max_attempts,
            priority: new.priority,
            ..Job::default()
        };
        if job.state == JobState::Available {
            self.announce(&job.queue);
        }
        self.index.add(&job);
        self.rows.insert(job.id, Arc::new(job.clone()));
        job
    }

    pub(super) fn get(&self, id: JobId) -> Option<&Job> {
        self.rows.get(&id).map(AsRef::as_ref)
    }

    /// Changes a row. Its id stays.
    pub(super) fn change(&mut self, id: JobId, change: impl FnOnce(&mut Job)) -> Option<&Arc<Job>> {
        self.change_if(id, |_| true, change)
    }

    /// Changes a row if it is as expected.
    pub(super) fn change_if(
        &mut self,
        id: JobId,
        is_expected: impl FnOnce(&Job) -> bool,
        change: impl FnOnce(&mut Job),
    ) -> Option<&Arc<Job>> {
        let job = self.rows.get_mut(&id).filter(|job| is_expected(job))?;
        self.index.remove(job);
        change(Arc::make_mut(job));
        self.index.add(job);
        Some(job)
    }

    /// Changes a row and tells what became of it.
    pub(super) fn touch(&mut self, id: JobId, change: impl FnOnce(&mut Job)) -> Option<Touched> {
        let before = self.get(id)?.state;
        let job = self.change(id, change)?;
        Some(Touched { id, queue: job.queue.clone(), before, after: Some(job.state) })
    }

    pub(super) fn delete(&mut self, id: JobId) -> Option<Touched> {
        let job = self.rows.remove(&id)?;
        self.index.remove(&job);
        Some(Touched { id, queue: job.queue.clone(), before: job.state, after: None })
    }

    pub(super) fn announce(&mut self, queue: &str) {
        if !self.announced.contains(queue) {
            self.announced.insert(queue.to_owned());
        }
    }

    /// The rows a filter means among those that are `eligible`, lowest id first.
    pub(super) fn select(&self, filter: &JobFilter, eligible: impl Fn(&Job) -> bool) -> Vec<JobId> {
        let limit = filter.limit.unwrap_or(usize::MAX);
        let meant = |job: &&Arc<Job>| filter.matches(job) && eligible(job);
        if filter.ids.is_empty() {
            return self.rows.values().filter(meant).map(|job| job.id).take(limit).collect();
        }
        let ids: BTreeSet<JobId> = filter.ids.iter().copied().collect();
        let rows = ids.into_iter().filter_map(|id| self.rows.get(&id));
        rows.filter(meant).map(|job| job.id).take(limit).collect()
    }
}

/// When a job scheduled like this at `now` is due.
pub(super) fn due_at(schedule: Schedule, now: DateTime<Utc>) -> DateTime<Utc> {
    match schedule {
        Schedule::Now => now,
        Schedule::At(at) => truncate(at),
        Schedule::In(period) => after(now, period.into()),
    }
}

/// `now` plus `delay`, in microseconds.
pub(super) fn after(now: DateTime<Utc>, delay: Duration) -> DateTime<Utc> {
    let delay = TimeDelta::from_std(delay).unwrap_or(TimeDelta::MAX);
    truncate(now.checked_add_signed(delay).unwrap_or(DateTime::<Utc>::MAX_UTC))
}

/// `now` minus `age`.
pub(super) fn before(now: DateTime<Utc>, age: Duration) -> DateTime<Utc> {
    let age = TimeDelta::from_std(age).unwrap_or(TimeDelta::MAX);
    now.checked_sub_signed(age).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

fn truncate(time: DateTime<Utc>) -> DateTime<Utc> {
    time.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(time)
}
