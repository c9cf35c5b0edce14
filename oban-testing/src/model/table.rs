use chrono::{DateTime, Utc};
use oban_core::{Job, JobId, JobState, Touched};

use super::step::{Choice, ago};

/// Every job there ever was, in the order of insertion; deleted ones are `None`.
#[derive(Default)]
pub(super) struct Table(Vec<Option<Job>>);

impl Table {
    pub(super) fn insert(&mut self, mut job: Job) -> Job {
        job.id = JobId(i64::try_from(self.0.len()).unwrap() + 1);
        self.0.push(Some(job.clone()));
        job
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &Job> {
        self.0.iter().flatten()
    }

    pub(super) fn rows_mut(&mut self) -> impl Iterator<Item = &mut Job> {
        self.0.iter_mut().flatten()
    }

    /// Waiting jobs whose time has come, oldest first.
    pub(super) fn due(&self, now: DateTime<Utc>) -> Vec<&Job> {
        let mut due: Vec<&Job> = self.rows().collect();
        due.retain(|job| {
            matches!(job.state, JobState::Scheduled | JobState::Retryable) && job.scheduled_at <= now
        });
        due.sort_by_key(|job| job.scheduled_at);
        due
    }

    pub(super) fn ids(&self, condition: impl Fn(&Job) -> bool) -> Vec<JobId> {
        self.rows().filter(|job| condition(job)).map(|job| job.id).collect()
    }

    pub(super) fn chosen(&self, choice: &Choice, can: impl Fn(&Job) -> bool) -> Vec<JobId> {
        let everything: Vec<JobId> = (1..).map(JobId).take(self.0.len()).collect();
        let named = choice.jobs.as_ref().map(|jobs| jobs.iter().filter_map(|back| ago(&everything, *back)));
        let named: Option<Vec<&JobId>> = named.map(Iterator::collect);
        let mut ids = self.ids(|job| {
            named.as_ref().is_none_or(|named| named.contains(&&job.id))
                && (choice.states.is_empty() || choice.states.contains(&job.state))
                && choice.queue.is_none_or(|queue| job.queue == queue)
                && can(job)
        });
        ids.truncate(choice.limit.unwrap_or(usize::MAX));
        ids
    }

    pub(super) fn touch(&mut self, ids: &[JobId], change: impl Fn(&mut Job)) -> Vec<Touched> {
        let rows = self.rows_mut().filter(|job| ids.contains(&job.id));
        let touched = rows.map(|job| {
            let before = job.state;
            change(job);
            Touched { id: job.id, queue: job.queue.clone(), before, after: Some(job.state) }
        });
        touched.collect()
    }

    pub(super) fn delete(&mut self, ids: &[JobId]) -> Vec<Touched> {
        let rows = self.0.iter_mut().filter(|row| row.as_ref().is_some_and(|job| ids.contains(&job.id)));
        let touched = rows.filter_map(Option::take).map(|job| Touched {
            id: job.id,
            queue: job.queue,
            before: job.state,
            after: None,
        });
        touched.collect()
    }
}
