//! A job's execution: given out, finished, handed back.

use chrono::{DateTime, Utc};
use oban_core::{Ack, Fetch, Fetched, Job, JobId, JobState, QueueMeta, Reclaimed};
use serde_json::{Map, Value};

use super::store::Store;

impl Store {
    pub(super) fn fetch(&mut self, fetch: Fetch<'_>, now: DateTime<Utc>) -> Fetched {
        let acked = self.ack(fetch.acks, now);
        if !fetch.queue.is_fetching() {
            return Fetched { jobs: Vec::new(), acked };
        }
        let owner = [fetch.queue.node.clone(), fetch.queue.uuid.to_string()];
        let ids: Vec<JobId> =
            self.index.available(&fetch.queue.queue, fetch.after).take(fetch.demand).collect();
        let give_out = |job: &mut Job| {
            job.state = JobState::Executing;
            job.attempt += 1;
            job.attempted_at = Some(now);
            job.attempted_by = owner.to_vec();
        };
        let jobs = ids.into_iter().filter_map(|id| self.change(id, give_out).cloned()).collect();
        Fetched { jobs, acked }
    }

    pub(super) fn ack(&mut self, acks: &[Ack], now: DateTime<Utc>) -> Vec<JobId> {
        let mut taken = Vec::with_capacity(acks.len());
        for ack in acks {
            let is_that_execution = |job: &Job| {
                job.state == JobState::Executing
                    && job.attempt == ack.attempt
                    && job.attempted_at == ack.attempted_at
            };
            let finished = self.change_if(ack.id, is_that_execution, |job| ack.finish.apply(job, now));
            taken.extend(finished.map(|job| job.id));
        }
        taken
    }

    pub(super) fn reclaim(&mut self, meta: &QueueMeta, running: &[JobId]) -> Reclaimed {
        let uuid = meta.uuid.to_string();
        let is_owned = |id: &JobId| {
            let executing = self.get(*id).filter(|job| job.state == JobState::Executing);
            executing.and_then(|job| job.attempted_by.get(1)) == Some(&uuid)
        };
        let mut gone: Vec<JobId> = running.iter().copied().filter(|id| !is_owned(id)).collect();
        gone.sort_unstable();
        let is_lost = |id: &JobId| is_owned(id) && !running.contains(id);
        let lost: Vec<JobId> = self.index.executing.iter().copied().filter(is_lost).collect();
        let hand_back = |job: &mut Job| {
            job.state = JobState::Available;
            job.attempt = job.attempt.saturating_sub(1);
        };
        Reclaimed { jobs: lost.into_iter().filter_map(|id| self.touch(id, hand_back)).collect(), gone }
    }
}

/// Raises a counter in the meta by one, from 0 if it is absent or no number.
pub(super) fn count_up(meta: &mut Map<String, Value>, counter: &str) {
    let count = meta.get(counter).and_then(Value::as_i64).unwrap_or(0);
    meta.insert(counter.to_owned(), Value::from(count.saturating_add(1)));
}
