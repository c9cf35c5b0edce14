use std::future::{self, Future};

use oban_core::{Channel, Job, JobFilter, JobState, Oban, Result, Subscription};

/// Where assertions find jobs: an instance, or rows that were read before, such as those of an open transaction:
/// `assert_enqueued!(oban.jobs_tx(&mut tx, JobFilter::all()).await?, SendWelcome { user_id: 1 })`.
pub trait Enqueued {
    /// The jobs that wait to run: scheduled, available or suspended, newest first. Not those that are to be tried again.
    ///
    /// # Errors
    /// When the store does not answer.
    fn enqueued(&self) -> impl Future<Output = Result<Vec<Job>>> + Send;

    /// Hints that there may be more jobs; `None` when there never are.
    fn hints(&self) -> Option<Subscription>;
}

const STATES: [JobState; 3] = [JobState::Suspended, JobState::Scheduled, JobState::Available];

impl Enqueued for Oban {
    async fn enqueued(&self) -> Result<Vec<Job>> {
        let filter = STATES.into_iter().fold(JobFilter::all(), JobFilter::state);
        Ok(newest_first(self.jobs(filter).await?))
    }

    fn hints(&self) -> Option<Subscription> {
        Some(self.store().listen(&[Channel::Insert]))
    }
}

impl Enqueued for [Job] {
    fn enqueued(&self) -> impl Future<Output = Result<Vec<Job>>> + Send {
        let waiting = self.iter().filter(|job| STATES.contains(&job.state)).cloned().collect();
        future::ready(Ok(newest_first(waiting)))
    }

    fn hints(&self) -> Option<Subscription> {
        None
    }
}

impl Enqueued for Vec<Job> {
    fn enqueued(&self) -> impl Future<Output = Result<Vec<Job>>> + Send {
        self.as_slice().enqueued()
    }

    fn hints(&self) -> Option<Subscription> {
        None
    }
}

impl<E: Enqueued + ?Sized> Enqueued for &E {
    fn enqueued(&self) -> impl Future<Output = Result<Vec<Job>>> + Send {
        (**self).enqueued()
    }

    fn hints(&self) -> Option<Subscription> {
        (**self).hints()
    }
}

fn newest_first(mut jobs: Vec<Job>) -> Vec<Job> {
    jobs.sort_by_key(|job| std::cmp::Reverse(job.id));
    jobs
}
