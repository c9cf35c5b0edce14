//! What an operator does to jobs.

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
    /// When the store does not answer.
    pub async fn cancel_all(&self, filter: JobFilter) -> Result<Vec<Touched>> {
        let cancelled = self.node.engine.cancel_jobs(&filter).await?;
        let executing: Vec<JobId> =
            cancelled.iter().filter(|job| job.before == JobState::Executing).map(|job| job.id).collect();
        if !executing.is_empty() {
            self.node.queues.cancel(&executing);
        }
        Ok(cancelled)
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
    /// When the store does not answer.
    pub async fn retry_all(&self, filter: JobFilter) -> Result<Vec<Touched>> {
        self.node.engine.retry_jobs(&filter).await
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
    /// When the store does not answer.
    pub async fn delete_all(&self, filter: JobFilter) -> Result<Vec<Touched>> {
        self.node.engine.delete_jobs(&filter).await
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
    /// `Invalid` for values that are not allowed.
    pub async fn update_all(
        &self,
        filter: JobFilter,
        changes: impl FnOnce(JobChanges) -> JobChanges,
    ) -> Result<Vec<Job>> {
        let changes = changes(JobChanges::default());
        changes.validate()?;
        self.node.engine.update_jobs(&filter, &changes).await
    }
}
