//! What an operator does to jobs.
//!
//! A selection may be large. Whatever is done to it is done in statements of bounded size, so that none holds many locks,
//! takes long, or fails for its length.

use std::future::Future;

use super::Oban;
use crate::{Engine, Error, ErrorKind, Job, JobChanges, JobFilter, JobId, JobState, Result, Touched};

impl Oban {
    /// Cancels a job. Its row says cancelled at once and stays so. If it runs, on whichever node, its
    /// [`cancellation`](crate::Context::cancellation) fires and, after a grace, it is dropped: at once on this node, within
    /// moments on another one, and within [`stale_after`](crate::Builder::stale_after) where no notification arrives.
    /// `false` when it was finished or is not there.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn cancel_job(&self, id: impl Into<JobId>) -> Result<bool> {
        Ok(!self.cancel_all(JobFilter::id(id)).await?.is_empty())
    }

    /// Cancels the selected jobs that are not finished, ends their runs as [`cancel_job`](Oban::cancel_job) does, and tells
    /// which.
    ///
    /// # Errors
    /// When the store does not answer. Some of the jobs may be cancelled then: a large selection is worked through in
    /// statements of 1,000 jobs, lowest id first.
    pub async fn cancel_all(&self, filter: JobFilter) -> Result<Vec<Touched>> {
        let node = &self.node;
        let cancel = |batch: JobFilter| async move {
            let cancelled = node.engine.cancel_jobs(&batch).await?;
            let executing: Vec<JobId> =
                cancelled.iter().filter(|job| job.before == JobState::Executing).map(|job| job.id).collect();
            if !executing.is_empty() {
                node.queues.cancel(&executing);
            }
            Ok(cancelled)
        };
        in_batches(filter, |job| job.id, cancel).await
    }

    /// Makes a job available again, with one more attempt if it had none left. `false` when it is available or
    /// executing anyway, or not there.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn retry_job(&self, id: impl Into<JobId>) -> Result<bool> {
        Ok(!self.retry_all(JobFilter::id(id)).await?.is_empty())
    }

    /// Makes the selected jobs available again, and tells which.
    ///
    /// # Errors
    /// When the store does not answer. Some of the jobs may be available then: see [`cancel_all`](Oban::cancel_all).
    pub async fn retry_all(&self, filter: JobFilter) -> Result<Vec<Touched>> {
        let retry = |batch: JobFilter| async move { self.node.engine.retry_jobs(&batch).await };
        in_batches(filter, |job| job.id, retry).await
    }

    /// Deletes a job. `false` when it is executing or not there.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn delete_job(&self, id: impl Into<JobId>) -> Result<bool> {
        Ok(!self.delete_all(JobFilter::id(id)).await?.is_empty())
    }

    /// Deletes the selected jobs that are not executing, and tells which.
    ///
    /// # Errors
    /// When the store does not answer. Some of the jobs may be gone then: see [`cancel_all`](Oban::cancel_all).
    pub async fn delete_all(&self, filter: JobFilter) -> Result<Vec<Touched>> {
        let delete = |batch: JobFilter| async move { self.node.engine.delete_jobs(&batch).await };
        in_batches(filter, |job| job.id, delete).await
    }

    /// Gives a job new values: `oban.update_job(id, |job| job.priority(0)).await?`. Returns it as it is then.
    ///
    /// # Errors
    /// `Invalid` for values that are not allowed; `NotFound` when the job is not there, or is to be rescheduled
    /// and does not wait. See [`JobChanges`].
    pub async fn update_job(
        &self,
        id: impl Into<JobId>,
        changes: impl FnOnce(JobChanges) -> JobChanges,
    ) -> Result<Job> {
        let id = id.into();
        self.update_all(JobFilter::id(id), changes).await?.pop().ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "update_job", "there is no such job that can take these changes")
                .with_context("job", id)
        })
    }

    /// Gives the selected jobs new values, and returns them as they are then.
    ///
    /// # Errors
    /// `Invalid` for values that are not allowed, before anything is changed. When the store does not answer, some of the
    /// jobs may have them: see [`cancel_all`](Oban::cancel_all).
    pub async fn update_all(
        &self,
        filter: JobFilter,
        changes: impl FnOnce(JobChanges) -> JobChanges,
    ) -> Result<Vec<Job>> {
        let changes = changes(JobChanges::default());
        changes.validate()?;
        let changes = &changes;
        let update = |batch: JobFilter| async move { self.node.engine.update_jobs(&batch, changes).await };
        in_batches(filter, |job| job.id, update).await
    }
}

/// The most rows that one statement locks, and answers with.
const BATCH: usize = 1_000;

/// Does to a selection what `act` does to a part of it, lowest id first, each job once.
async fn in_batches<T, F>(
    mut filter: JobFilter,
    id: impl Fn(&T) -> JobId,
    act: impl Fn(JobFilter) -> F,
) -> Result<Vec<T>>
where
    F: Future<Output = Result<Vec<T>>>,
{
    let mut left = filter.limit.unwrap_or(usize::MAX);
    // What is asked for by id is sent once, not with each batch.
    let mut ids = std::mem::take(&mut filter.ids);
    let by_id = !ids.is_empty();
    ids.sort_unstable();
    ids.dedup();
    let mut chunks = ids.chunks(BATCH);
    let mut done = Vec::new();
    loop {
        let size = left.min(BATCH);
        let mut batch = filter.clone().limit(size);
        if by_id {
            let Some(chunk) = chunks.next() else { return Ok(done) };
            batch.ids = chunk.to_vec();
        }
        let part = act(batch).await?;
        let count = part.len();
        filter.above = part.iter().map(&id).max().or(filter.above);
        done.extend(part);
        left -= count.min(left);
        if left == 0 || (!by_id && count < size) {
            return Ok(done);
        }
    }
}
