use std::time::Duration;

use oban_core::{Channel, Finish, Job, JobFilter, JobState, Touched};

use serde_json::json;

use crate::{
    Harness,
    harness::{ids, job, touched_ids},
};

pub async fn cancels_whatever_is_not_finished(h: Harness) {
    for state in [JobState::Scheduled, JobState::Available, JobState::Executing, JobState::Retryable] {
        let row = h.job_in(state).await;
        h.advance("1s");
        let touched = h.engine.cancel_jobs(&JobFilter::id(row.id)).await.unwrap();
        let after = Some(JobState::Cancelled);
        assert_eq!(touched, [Touched { id: row.id, queue: row.queue.clone(), before: state, after }]);
        let expected = Job { state: JobState::Cancelled, cancelled_at: Some(h.now()), ..row };
        assert_eq!(h.read(expected.id).await, expected, "from {state}, without an error entry");
    }
}

pub async fn leaves_finished_jobs(h: Harness) {
    for state in [JobState::Completed, JobState::Discarded, JobState::Cancelled] {
        let row = h.job_in(state).await;
        h.advance("1s");
        assert!(h.engine.cancel_jobs(&JobFilter::id(row.id)).await.unwrap().is_empty());
        assert_eq!(h.read(row.id).await, row);
    }
}

pub async fn stops_what_waits(h: Harness) {
    let available = h.insert(job()).await;
    let scheduled = h.insert(job().schedule_in("1s")).await;
    h.engine.cancel_jobs(&JobFilter::all()).await.unwrap();
    h.advance("1h");
    assert!(h.stage().await.jobs.is_empty());
    let producer = h.producer("default").await;
    assert!(h.fetch(&producer, 9).await.is_empty());
    let rows = h.engine.list_jobs(&JobFilter::all().state(JobState::Cancelled)).await.unwrap();
    assert_eq!(ids(&rows), [available.id, scheduled.id]);
}

pub async fn keeps_a_running_job_from_rescue(h: Harness) {
    let running = h.execute(job()).await;
    h.engine.cancel_jobs(&JobFilter::id(running.id)).await.unwrap();
    h.advance("10d");
    assert!(h.rescue().await.is_empty());
    assert_eq!(h.read(running.id).await.state, JobState::Cancelled);
}

pub async fn counts_its_limit_by_lowest_id(h: Harness) {
    let done = h.finished(job(), Finish::Complete { recorded: None }).await;
    let stored = h.insert_all([job().priority(9), job(), job()]).await;
    let touched = h.engine.cancel_jobs(&JobFilter::all().limit(2)).await.unwrap();
    assert_eq!(touched_ids(&touched), ids(&stored[..2]), "jobs it leaves alone do not count");
    assert_eq!(h.read(stored[2].id).await, stored[2]);
    assert_eq!(h.read(done.id).await, done);
}

pub async fn selects_by_all_conditions_together(h: Harness) {
    let (wanted, filter) = h.one_among_many().await;
    assert_eq!(touched_ids(&h.engine.cancel_jobs(&filter).await.unwrap()), [wanted.id]);
}

pub async fn selects_nothing_by_an_empty_list(h: Harness) {
    let stored = h.insert(job()).await;
    for filter in
        [JobFilter::ids(Vec::<i64>::new()), JobFilter::all().limit(0), JobFilter::id(stored.id.0 + 1)]
    {
        assert!(h.engine.cancel_jobs(&filter).await.unwrap().is_empty(), "{filter:?}");
    }
    assert_eq!(h.read(stored.id).await, stored);
}

pub async fn takes_ten_thousand_ids(h: Harness) {
    let stored = h.insert_all((0..10_000).map(|_| job())).await;
    let touched = h.engine.cancel_jobs(&JobFilter::ids(ids(&stored))).await.unwrap();
    assert_eq!(touched_ids(&touched), ids(&stored));
}

pub async fn wins_or_loses_whole_against_an_ack(h: Harness) {
    h.insert_all((0..200).map(|_| job())).await;
    let producer = h.producer("default").await;
    let running = h.fetch(&producer, 200).await;
    let acker = async {
        let mut taken = Vec::new();
        for job in &running {
            if h.ack(job, Finish::Retry { delay: Duration::from_secs(1), error: "oops".into() }).await {
                taken.push(job.id);
            }
        }
        taken
    };
    let canceller = async {
        for job in running.iter().rev() {
            h.other.cancel_jobs(&JobFilter::id(job.id)).await.unwrap();
        }
    };
    let (taken, ()) = tokio::join!(acker, canceller);
    for row in h.engine.list_jobs(&JobFilter::all()).await.unwrap() {
        assert_eq!(row.state, JobState::Cancelled, "both before and after its end");
        assert_eq!(row.errors.len(), usize::from(taken.contains(&row.id)), "{row:?}");
    }
}

pub async fn tells_whoever_runs_them(h: Harness) {
    let mut ear = h.other_ear(Channel::Signal).await;
    let running = [h.job_in(JobState::Executing).await, h.job_in(JobState::Executing).await];
    let waiting = [h.job_in(JobState::Available).await, h.job_in(JobState::Scheduled).await];
    h.engine.cancel_jobs(&JobFilter::ids(waiting.map(|job| job.id))).await.unwrap();
    assert!(ear.heard().await.is_empty(), "nobody runs them");
    h.engine.cancel_jobs(&JobFilter::ids(running.clone().map(|job| job.id))).await.unwrap();
    let signals = running.map(|job| json!({"action": "pkill", "job_id": job.id}));
    assert_eq!(ear.heard().await, signals);
}
