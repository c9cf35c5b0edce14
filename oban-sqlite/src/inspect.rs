//! Read models for people.

use std::collections::BTreeMap;

use async_trait::async_trait;
use oban_core::{Inspect, Job, JobCount, JobFilter, JobState, Result};
use rusqlite::{Connection, named_params};

use crate::{
    Sqlite, row,
    select::{Selected, each, each_up_to_limit, select},
    sql,
};

#[async_trait]
impl Inspect for Sqlite {
    async fn list_jobs(&self, filter: &JobFilter) -> Result<Vec<Job>> {
        let filter = filter.clone();
        self.read("list_jobs", move |conn| list(conn, &filter)).await
    }

    async fn count_jobs(&self, filter: &JobFilter) -> Result<Vec<JobCount>> {
        let filter = filter.clone();
        self.read("count_jobs", move |conn| {
            let mut counts: BTreeMap<(String, JobState), u64> = BTreeMap::new();
            let count = |job: Selected| *counts.entry((job.queue, job.state)).or_default() += 1;
            match filter.limit {
                None => each(conn, &filter, &JobState::ALL, count)?,
                Some(_) => each_up_to_limit(conn, &filter, count)?,
            }
            Ok(counts.into_iter().map(|((queue, state), count)| JobCount { queue, state, count }).collect())
        })
        .await
    }
}

/// Lists jobs on any connection to the file.
pub(crate) fn list(conn: &Connection, filter: &JobFilter) -> rusqlite::Result<Vec<Job>> {
    let selected = select(conn, filter, &JobState::ALL)?;
    let mut statement = conn.prepare_cached(sql::LIST_JOBS)?;
    let mut jobs = Vec::with_capacity(selected.len());
    for job in selected {
        jobs.extend(row::jobs(&mut statement, named_params! { ":id": job.id.0 })?);
    }
    Ok(jobs)
}
