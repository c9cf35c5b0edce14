use std::time::Duration;

use chrono::TimeDelta;
use oban_core::{Ack, Finish, Job, JobFilter, JobState};

use crate::{Harness, harness::job};

const DONE: Finish = Finish::Complete { recorded: None };

fn oops(delay: Duration) -> Finish {
    Finish::Retry { delay, error: "oops".into() }
}

pub async fn refuses_another_attempt(h: Harness) {
    let running = h.execute(job()).await;
    for attempt in [0, 2] {
        let stale = Job { attempt, ..running.clone() };
        assert!(!h.ack(&stale, DONE).await);
    }
    assert_eq!(h.read(running.id).await, running);
}

pub async fn refuses_another_execution_of_the_same_attempt(h: Harness) {
    let first = h.execute(job()).await;
    assert!(h.ack(&first, Finish::snooze(Duration::ZERO)).await);
    h.advance("1ms");
    h.stage().await;
    let producer = h.producer("default").await;
    let second = h.fetch(&producer, 1).await.remove(0);
    assert_eq!((second.id, second.attempt), (first.id, first.attempt));
    assert!(!h.ack(&first, oops(Duration::ZERO)).await, "the first run is over");
    assert_eq!(h.read(second.id).await, second);
    assert!(h.ack(&second, DONE).await);
}

pub async fn tells_executions_apart_by_a_microsecond(h: Harness) {
    let running = h.execute(job()).await;
    let at = running.attempted_at.map(|at| at + TimeDelta::microseconds(1));
    assert!(!h.ack(&Job { attempted_at: at, ..running.clone() }, DONE).await);
    assert!(!h.ack(&Job { attempted_at: None, ..running.clone() }, DONE).await);
    assert!(h.ack(&running, DONE).await);
}

pub async fn refuses_jobs_that_do_not_run(h: Harness) {
    for state in JobState::ALL {
        if matches!(state, JobState::Suspended | JobState::Executing) {
            continue;
        }
        let row = h.job_in(state).await;
        assert!(!h.ack(&row, Finish::snooze(Duration::ZERO)).await, "{state}");
        assert_eq!(h.read(row.id).await, row, "{state}");
    }
}

pub async fn refuses_deleted_jobs(h: Harness) {
    let done = h.finished(job(), DONE).await;
    h.engine.delete_jobs(&JobFilter::id(done.id)).await.unwrap();
    assert!(!h.ack(&done, DONE).await);
    assert_eq!(h.find(done.id).await, None);
}

pub async fn leaves_a_cancelled_job_cancelled(h: Harness) {
    let running = h.execute(job()).await;
    h.engine.cancel_jobs(&JobFilter::id(running.id)).await.unwrap();
    let cancelled = h.read(running.id).await;
    h.advance("1s");
    for finish in [DONE, oops(Duration::ZERO), Finish::HandBack, Finish::Cancel { error: "too".into() }] {
        assert!(!h.ack(&running, finish).await);
    }
    assert_eq!(h.read(running.id).await, cancelled);
}

pub async fn refuses_the_old_run_of_a_rescued_job(h: Harness) {
    let old = h.execute(job()).await;
    h.advance("2h");
    assert_eq!(h.rescue().await.len(), 1);
    assert!(!h.ack(&old, DONE).await, "while the job waits");
    let producer = h.producer("default").await;
    let new = h.fetch(&producer, 1).await.remove(0);
    assert!(!h.ack(&old, DONE).await, "while it runs anew");
    assert_eq!(h.read(new.id).await, new);
    assert!(h.ack(&new, DONE).await);
    assert!(!h.ack(&old, oops(Duration::ZERO)).await, "after it is done");
    assert_eq!(h.read(new.id).await.state, JobState::Completed);
}

pub async fn takes_an_outcome_once(h: Harness) {
    let running = h.execute(job()).await;
    let ack = Ack::of(&running, oops(Duration::from_secs(3)));
    assert_eq!(h.engine.ack_jobs(&[ack.clone(), ack.clone()]).await.unwrap(), [running.id]);
    let row = h.read(running.id).await;
    assert_eq!(row.errors.len(), 1);
    h.advance("1s");
    assert!(h.engine.ack_jobs(&[ack]).await.unwrap().is_empty(), "a repeated call finds it taken");
    assert_eq!(h.read(running.id).await, row);
}

pub async fn takes_one_of_two_contradicting_outcomes(h: Harness) {
    let running = h.execute(job()).await;
    let acks = [Ack::of(&running, DONE), Ack::of(&running, Finish::Discard { error: "no".into() })];
    assert_eq!(h.engine.ack_jobs(&acks).await.unwrap(), [running.id]);
    let row = h.read(running.id).await;
    assert_eq!(row.completed_at.is_some(), row.state == JobState::Completed, "{row:?}");
    assert_eq!(row.discarded_at.is_some(), row.state == JobState::Discarded, "{row:?}");
    assert_eq!(row.errors.len(), usize::from(row.state == JobState::Discarded), "{row:?}");
}
