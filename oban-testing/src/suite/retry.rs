use std::time::Duration;

use oban_core::{Channel, Finish, Job, JobFilter, JobState, Touched};

use crate::{
    Harness,
    harness::{ids, job, touched_ids},
};

pub async fn makes_jobs_available_again(h: Harness) {
    for state in [
        JobState::Scheduled,
        JobState::Retryable,
        JobState::Completed,
        JobState::Discarded,
        JobState::Cancelled,
    ] {
        let row = h.job_in(state).await;
        h.advance("1s");
        let touched = h.engine.retry_jobs(&JobFilter::id(row.id)).await.unwrap();
        let after = Some(JobState::Available);
        assert_eq!(touched, [Touched { id: row.id, queue: row.queue.clone(), before: state, after }]);
        let expected = Job {
            state: JobState::Available,
            scheduled_at: h.now(),
            completed_at: None,
            cancelled_at: None,
            discarded_at: None,
            ..row
        };
        assert_eq!(h.read(expected.id).await, expected, "from {state}");
    }
}

pub async fn leaves_available_and_executing_jobs(h: Harness) {
    for state in [JobState::Available, JobState::Executing] {
        let row = h.job_in(state).await;
        h.advance("1s");
        assert!(h.engine.retry_jobs(&JobFilter::id(row.id)).await.unwrap().is_empty());
        assert_eq!(h.read(row.id).await, row);
    }
}

pub async fn allows_one_more_attempt(h: Harness) {
    let row = h.finished(job().max_attempts(1), Finish::Discard { error: "no".into() }).await;
    assert!(row.is_exhausted());
    h.engine.retry_jobs(&JobFilter::id(row.id)).await.unwrap();
    let row = h.read(row.id).await;
    assert_eq!((row.attempt, row.max_attempts, row.errors.len()), (1, 2, 1));
    let producer = h.producer("default").await;
    assert_eq!(h.fetch(&producer, 1).await[0].attempt, 2);
}

pub async fn keeps_attempts_that_are_left(h: Harness) {
    let row = h.finished(job().max_attempts(3), Finish::Discard { error: "no".into() }).await;
    h.engine.retry_jobs(&JobFilter::id(row.id)).await.unwrap();
    let row = h.read(row.id).await;
    assert_eq!((row.attempt, row.max_attempts), (1, 3));
}

pub async fn announces_the_queues(h: Harness) {
    h.job_in(JobState::Scheduled).await;
    h.job_in(JobState::Completed).await;
    h.job_in(JobState::Executing).await;
    let mut ear = h.other_ear(Channel::Insert).await;
    h.engine.retry_jobs(&JobFilter::all()).await.unwrap();
    assert_eq!(ear.queues().await, ["completed", "scheduled"]);
    h.engine.retry_jobs(&JobFilter::all()).await.unwrap();
    assert!(ear.queues().await.is_empty());
}

pub async fn counts_its_limit_by_lowest_id(h: Harness) {
    h.insert(job()).await;
    let waiting = h.insert_all((0..3).map(|_| job().schedule_in("1h"))).await;
    let touched = h.engine.retry_jobs(&JobFilter::all().limit(2)).await.unwrap();
    assert_eq!(touched_ids(&touched), ids(&waiting[..2]), "jobs it leaves alone do not count");
    assert_eq!(h.read(waiting[2].id).await, waiting[2]);
}

pub async fn selects_by_all_conditions_together(h: Harness) {
    let (wanted, filter) = h.one_among_many().await;
    assert_eq!(touched_ids(&h.engine.retry_jobs(&filter).await.unwrap()), [wanted.id]);
}

pub async fn selects_nothing_by_an_empty_list(h: Harness) {
    let stored = h.insert(job().schedule_in("1h")).await;
    for filter in [JobFilter::ids(Vec::<i64>::new()), JobFilter::all().limit(0)] {
        assert!(h.engine.retry_jobs(&filter).await.unwrap().is_empty(), "{filter:?}");
    }
    assert_eq!(h.read(stored.id).await, stored);
}

pub async fn takes_its_new_place_in_the_queue(h: Harness) {
    let old = h.finished(job(), Finish::Retry { delay: Duration::from_secs(1), error: "oops".into() }).await;
    h.advance("1s");
    let fresh = h.insert(job()).await;
    h.advance("1s");
    h.engine.retry_jobs(&JobFilter::id(old.id)).await.unwrap();
    let producer = h.producer("default").await;
    assert_eq!(ids(&h.fetch(&producer, 2).await), [fresh.id, old.id]);
}
