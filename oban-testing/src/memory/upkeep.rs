//! Housekeeping: staging, rescue, pruning.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use oban_core::{AttemptError, Job, JobId, JobState, Prune, Rescue, Stage, Staged, Touched};

use super::{
    lifecycle::count_up,
    store::{Store, before},
};

impl Store {
    pub(super) fn stage(&mut self, stage: Stage<'_>, now: DateTime<Utc>) -> Staged {
        let due: Vec<JobId> = self.index.due(now).take(stage.limit).collect();
        let jobs: Vec<Touched> =
            due.into_iter().filter_map(|id| self.touch(id, |job| job.state = JobState::Available)).collect();
        for job in &jobs {
            self.announce(&job.queue);
        }
        let with_work: BTreeSet<&String> =
            stage.queues.iter().filter(|queue| self.index.available(queue, None).next().is_some()).collect();
        Staged { jobs, queues: with_work.into_iter().cloned().collect() }
    }

    pub(super) fn announce_waiting(&mut self) -> Vec<String> {
        let queues = self.index.queues();
        for queue in &queues {
            self.announce(queue);
        }
        queues
    }

    pub(super) fn rescue(&mut self, rescue: Rescue, now: DateTime<Utc>) -> Vec<Touched> {
        let dead_since = before(now, rescue.stale_after);
        let lost_since = before(now, rescue.rescue_after);
        let is_lost = |id: &JobId| {
            self.get(*id).is_some_and(|job| match self.owner(job) {
                Some(beat_at) => *beat_at <= dead_since,
                None => job.attempted_at.is_none_or(|at| at <= lost_since),
            })
        };
        let lost = self.index.executing.iter().copied().filter(is_lost);
        let swept = self.index.exhausted.iter().copied();
        let ids: Vec<JobId> = lost.chain(swept).take(rescue.limit).collect();
        let touched: Vec<Touched> =
            ids.into_iter().filter_map(|id| self.touch(id, |job| take_back(job, now))).collect();
        for job in touched.iter().filter(|job| job.after == Some(JobState::Available)) {
            self.announce(&job.queue);
        }
        self.bury(dead_since);
        touched
    }

    pub(super) fn prune(&mut self, prune: Prune, now: DateTime<Utc>) -> Vec<Touched> {
        let ages = [
            (JobState::Completed, prune.completed_after),
            (JobState::Cancelled, prune.cancelled_after),
            (JobState::Discarded, prune.discarded_after),
        ];
        let old = ages.into_iter().filter_map(|(state, age)| Some((state, before(now, age?))));
        let ids = old.flat_map(|(state, time)| self.index.ended(state, time)).take(prune.limit);
        let ids: Vec<JobId> = ids.collect();
        ids.into_iter().filter_map(|id| self.delete(id)).collect()
    }

    /// The last heartbeat of the producer that runs a job, if it is registered.
    fn owner(&self, job: &Job) -> Option<&DateTime<Utc>> {
        let uuid = job.attempted_by.get(1)?;
        self.producers.get(uuid)
    }

    /// Removes dead producers. One whose jobs exceeded the limit is kept for the next
    /// call, which would otherwise judge the rest by age.
    fn bury(&mut self, dead_since: DateTime<Utc>) {
        let executing = self.index.executing.iter().filter_map(|id| self.get(*id)?.attempted_by.get(1));
        let busy: BTreeSet<String> = executing.cloned().collect();
        self.producers.retain(|uuid, beat_at| *beat_at > dead_since || busy.contains(uuid));
    }
}

fn take_back(job: &mut Job, now: DateTime<Utc>) {
    if job.is_exhausted() {
        let error = match job.state {
            JobState::Executing => "the node that ran the last attempt was lost",
            _ => "all attempts were used up before the job could run",
        };
        job.state = JobState::Discarded;
        job.discarded_at = Some(now);
        job.errors.push(AttemptError::new(now, job.attempt, error));
    } else {
        job.state = JobState::Available;
        count_up(&mut job.meta, "rescued");
    }
}
