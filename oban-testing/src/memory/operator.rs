//! What people do to jobs: cancel, retry, delete, update.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use oban_core::{Job, JobChanges, JobFilter, JobState, Touched, UNIQUE_KEY};

use super::store::{Store, due_at};

impl Store {
    pub(super) fn cancel(&mut self, filter: &JobFilter, now: DateTime<Utc>) -> Vec<Touched> {
        let cancel = |job: &mut Job| {
            job.state = JobState::Cancelled;
            job.cancelled_at = Some(now);
        };
        let ids = self.select(filter, |job| !job.state.is_final());
        let touched: Vec<Touched> = ids.into_iter().filter_map(|id| self.touch(id, cancel)).collect();
        let executing = touched.iter().filter(|job| job.before == JobState::Executing);
        self.killed.extend(executing.map(|job| job.id));
        touched
    }

    pub(super) fn retry(&mut self, filter: &JobFilter, now: DateTime<Utc>) -> Vec<Touched> {
        let retry = |job: &mut Job| {
            job.state = JobState::Available;
            job.scheduled_at = now;
            job.completed_at = None;
            job.cancelled_at = None;
            job.discarded_at = None;
            job.max_attempts = job.max_attempts.max(job.attempt.saturating_add(1));
        };
        let can_retry = |job: &Job| !matches!(job.state, JobState::Available | JobState::Executing);
        let ids = self.select(filter, can_retry);
        let touched: Vec<Touched> = ids.into_iter().filter_map(|id| self.touch(id, retry)).collect();
        for job in &touched {
            self.announce(&job.queue);
        }
        touched
    }

    pub(super) fn delete_selected(&mut self, filter: &JobFilter) -> Vec<Touched> {
        let ids = self.select(filter, |job| job.state != JobState::Executing);
        ids.into_iter().filter_map(|id| self.delete(id)).collect()
    }

    pub(super) fn update(
        &mut self,
        filter: &JobFilter,
        changes: &JobChanges,
        now: DateTime<Utc>,
    ) -> Vec<Job> {
        let can_change = |job: &Job| changes.schedule.is_none() || is_waiting(job.state);
        let ids = self.select(filter, can_change);
        let updated =
            ids.into_iter().filter_map(|id| self.change(id, |job| apply(job, changes, now)).cloned());
        updated.map(Arc::unwrap_or_clone).collect()
    }
}

fn is_waiting(state: JobState) -> bool {
    matches!(state, JobState::Scheduled | JobState::Available | JobState::Retryable)
}

fn apply(job: &mut Job, changes: &JobChanges, now: DateTime<Utc>) {
    let changes = changes.clone();
    if let Some(args) = changes.args {
        job.args = args;
    }
    if let Some(meta) = changes.meta {
        let key = job.meta.remove(UNIQUE_KEY);
        job.meta = meta;
        job.meta.extend(key.map(|key| (UNIQUE_KEY.to_owned(), key)));
    }
    if let Some(tags) = changes.tags {
        job.tags = tags;
    }
    if let Some(queue) = changes.queue {
        job.queue = queue;
    }
    if let Some(worker) = changes.worker {
        job.worker = worker;
    }
    if let Some(priority) = changes.priority {
        job.priority = priority;
    }
    if let Some(max_attempts) = changes.max_attempts {
        job.max_attempts = max_attempts.max(job.attempt);
    }
    if let Some(schedule) = changes.schedule {
        job.state = JobState::Scheduled;
        job.scheduled_at = due_at(schedule, now);
    }
}
