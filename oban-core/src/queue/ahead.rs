//! Jobs that are the producer's before there is a slot for them.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::{Job, JobId};

/// What a producer has fetched beyond its limit, and how much it may.
///
/// Jobs that end at once are gone before the store has given the next ones, so their queue would spend its time in
/// small calls. It reads ahead instead: only where jobs end within a [millisecond](QUICK), no more than it works off in a few,
/// and never so that more run than the limit. What has to wait here all the same goes back to the store, untouched.
#[derive(Debug)]
pub(super) struct Ahead {
    jobs: VecDeque<(Instant, Arc<Job>)>,
    /// How many the pace of the last jobs allows.
    room: usize,
    /// 0 where the queue was told not to.
    most: usize,
}

/// Only jobs that take no longer are worth it. Any that calls a service, or another database, does.
const QUICK: Duration = Duration::from_millis(1);

/// How long the jobs read ahead would take at the pace of the last ones.
const REACH: Duration = Duration::from_millis(10);

/// The most to read ahead. A process that is killed spends an attempt of each.
const MOST: usize = 500;

/// After this the jobs are rather another node's.
const STALE_AFTER: Duration = Duration::from_millis(100);

impl Ahead {
    pub(super) fn new(may_read: bool) -> Self {
        Self { jobs: VecDeque::new(), room: 0, most: if may_read { MOST } else { 0 } }
    }

    /// How many jobs may be the producer's beside those that run.
    pub(super) fn room(&self) -> usize {
        self.room
    }

    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }

    /// The jobs that wait; their rows say executing.
    pub(super) fn ids(&self) -> impl Iterator<Item = JobId> {
        self.jobs.iter().map(|(_, job)| job.id)
    }

    /// Takes up what a fetch brought.
    pub(super) fn push(&mut self, jobs: Vec<Arc<Job>>) {
        let now = Instant::now();
        self.jobs.extend(jobs.into_iter().map(|job| (now, job)));
    }

    /// The jobs to start in so many free slots, in the order of the queue.
    pub(super) fn pop(&mut self, free: usize) -> Vec<Arc<Job>> {
        let count = free.min(self.jobs.len());
        self.jobs.drain(..count).map(|(_, job)| job).collect()
    }

    /// Takes out jobs that are not to run.
    pub(super) fn remove(&mut self, ids: &[JobId]) -> Vec<Arc<Job>> {
        if self.jobs.is_empty() {
            return Vec::new();
        }
        let (removed, kept) = self.jobs.drain(..).partition::<Vec<_>, _>(|(_, job)| ids.contains(&job.id));
        self.jobs = kept.into();
        removed.into_iter().map(|(_, job)| job).collect()
    }

    /// Takes out all, for the store to give to whoever has slots for them.
    pub(super) fn give_up(&mut self) -> Vec<Arc<Job>> {
        self.room = 0;
        self.pop(usize::MAX)
    }

    /// When the first of them has waited for too long.
    pub(super) fn stale_at(&self) -> Option<Instant> {
        self.jobs.front().map(|(since, _)| *since + STALE_AFTER)
    }

    /// So many jobs have ended, of which the first began then.
    pub(super) fn pace(&mut self, ended: usize, began: Instant) {
        let took = began.elapsed();
        self.room = if took > QUICK {
            0
        } else {
            let lots = REACH.as_nanos() / took.as_nanos().max(1);
            usize::try_from(lots).unwrap_or(MOST).saturating_mul(ended).min(self.most)
        };
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use tokio::time::{Instant, advance};

    use super::{Ahead, MOST, QUICK, STALE_AFTER};
    use crate::{Job, JobId};

    fn jobs(ids: std::ops::Range<i64>) -> Vec<Arc<Job>> {
        ids.map(|id| Arc::new(Job { id: JobId(id), ..Job::default() })).collect()
    }

    async fn room_after(ended: usize, took: Duration) -> usize {
        let (mut ahead, began) = (Ahead::new(true), Instant::now());
        advance(took).await;
        ahead.pace(ended, began);
        ahead.room()
    }

    #[tokio::test(start_paused = true)]
    async fn reads_ahead_what_quick_jobs_leave_behind_in_ten_milliseconds() {
        assert_eq!(Ahead::new(true).room(), 0, "before it knows their pace");
        assert_eq!(room_after(10, Duration::from_micros(500)).await, 200);
        assert_eq!(room_after(1, QUICK).await, 10);
        assert_eq!(room_after(100, Duration::from_nanos(1)).await, MOST);
        assert_eq!(room_after(1_000, Duration::ZERO).await, MOST);
        assert_eq!(room_after(100, QUICK + Duration::from_nanos(1)).await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn gives_jobs_in_their_order_and_goes_stale_by_the_first() {
        let mut ahead = Ahead::new(true);
        assert_eq!(ahead.stale_at(), None);
        ahead.push(jobs(1..4));
        let first = Instant::now();
        advance(STALE_AFTER / 2).await;
        ahead.push(jobs(4..6));
        assert_eq!(ahead.stale_at(), Some(first + STALE_AFTER));
        let started: Vec<i64> = ahead.pop(2).iter().map(|job| job.id.0).collect();
        assert_eq!(started, [1, 2]);
        assert_eq!(ahead.remove(&[JobId(4), JobId(9)]).len(), 1);
        assert_eq!(ahead.ids().collect::<Vec<_>>(), [JobId(3), JobId(5)]);
        assert_eq!(ahead.pop(1).len(), 1);
        assert_eq!(ahead.stale_at(), Some(Instant::now() + STALE_AFTER));
        ahead.pace(1, Instant::now());
        assert!(ahead.room() > 0);
        assert_eq!((ahead.give_up()[0].id, ahead.len(), ahead.room()), (JobId(5), 0, 0));
    }
}
