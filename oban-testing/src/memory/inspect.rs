use std::collections::BTreeMap;

use async_trait::async_trait;
use oban_core::{Inspect, Job, JobCount, JobFilter, JobState, Result};

use super::Memory;

#[async_trait]
impl Inspect for Memory {
    async fn list_jobs(&self, filter: &JobFilter) -> Result<Vec<Job>> {
        Ok(self.transaction(|store, _| {
            let ids = store.select(filter, |_| true);
            ids.into_iter().filter_map(|id| store.get(id).cloned()).collect()
        }))
    }

    async fn count_jobs(&self, filter: &JobFilter) -> Result<Vec<JobCount>> {
        let mut unlimited = filter.clone();
        let limit = unlimited.limit.take().unwrap_or(usize::MAX);
        Ok(self.transaction(|store, _| {
            let mut counted: BTreeMap<JobState, usize> = BTreeMap::new();
            let mut counts: BTreeMap<(String, JobState), u64> = BTreeMap::new();
            for job in store.select(&unlimited, |_| true).into_iter().filter_map(|id| store.get(id)) {
                let in_state = counted.entry(job.state).or_default();
                if *in_state < limit {
                    *in_state += 1;
                    *counts.entry((job.queue.clone(), job.state)).or_default() += 1;
                }
            }
            let counts = counts.into_iter();
            counts.map(|((queue, state), count)| JobCount { queue, state, count }).collect()
        }))
    }
}
