use std::time::Duration;

use chrono::TimeDelta;
use oban_core::{Finish, JobFilter, JobState, Prune, Touched};

use crate::{
    Harness,
    harness::{ids, job, prune, touched_ids},
};

pub async fn deletes_by_each_states_own_age(h: Harness) {
    let completed = h.job_in(JobState::Completed).await;
    let cancelled = h.job_in(JobState::Cancelled).await;
    let discarded = h.job_in(JobState::Discarded).await;
    for (early, rest, job, state) in [
        ("59s", "2s", completed, JobState::Completed),
        ("58m", "2m", cancelled, JobState::Cancelled),
        ("22h", "2h", discarded, JobState::Discarded),
    ] {
        h.advance(early);
        assert!(h.prune().await.is_empty(), "{state} too early");
        h.advance(rest);
        let expected = Touched { id: job.id, queue: job.queue, before: state, after: None };
        assert_eq!(h.prune().await, [expected]);
        assert_eq!(h.find(job.id).await, None);
    }
}

pub async fn judges_completed_jobs_by_their_completion(h: Harness) {
    let stored = h.insert(job().schedule_at(h.now() - TimeDelta::days(900))).await;
    h.stage().await;
    let producer = h.producer("default").await;
    let running = h.fetch(&producer, 1).await;
    assert!(h.ack(&running[0], Finish::Complete { recorded: None }).await);
    assert!(h.prune().await.is_empty(), "it was scheduled long ago and has only just completed");
    h.advance("61s");
    assert_eq!(touched_ids(&h.prune().await), [stored.id]);
}

pub async fn keeps_states_without_an_age(h: Harness) {
    for state in [JobState::Completed, JobState::Cancelled, JobState::Discarded] {
        h.job_in(state).await;
    }
    h.advance("3650d");
    let never = Prune { completed_after: None, cancelled_after: None, discarded_after: None, limit: 100 };
    assert!(h.engine.prune_jobs(never).await.unwrap().is_empty());
    let cancelled_only = Prune { cancelled_after: Some(Duration::from_secs(1)), ..never };
    let pruned = h.engine.prune_jobs(cancelled_only).await.unwrap();
    assert_eq!(pruned.iter().map(|touched| touched.before).collect::<Vec<_>>(), [JobState::Cancelled]);
}

pub async fn is_bounded_and_continues(h: Harness) {
    h.insert_all((0..5).map(|_| job())).await;
    let producer = h.producer("default").await;
    let running = h.fetch(&producer, 5).await;
    for (n, job) in running.iter().enumerate() {
        let error = "enough".to_owned();
        let finish = if n % 2 == 0 { Finish::Cancel { error } } else { Finish::Discard { error } };
        assert!(h.ack(job, finish).await);
    }
    h.advance("10d");
    let mut pruned = Vec::new();
    for expected in [2, 2, 1, 0] {
        let touched = h.engine.prune_jobs(prune(2)).await.unwrap();
        assert_eq!(touched.len(), expected, "the limit counts all states together");
        pruned.extend(touched_ids(&touched));
    }
    pruned.sort();
    assert_eq!(pruned, ids(&running));
}

pub async fn keeps_live_jobs(h: Harness) {
    let mut live = Vec::new();
    for state in JobState::ALL {
        if state != JobState::Suspended && !state.is_final() {
            live.push(h.job_in(state).await);
        }
    }
    h.advance("3650d");
    assert!(h.prune().await.is_empty());
    assert_eq!(h.engine.list_jobs(&JobFilter::all()).await.unwrap().len(), live.len());
}

pub async fn keeps_a_job_that_was_retried(h: Harness) {
    let cancelled = h.job_in(JobState::Cancelled).await;
    h.advance("10d");
    h.engine.retry_jobs(&JobFilter::id(cancelled.id)).await.unwrap();
    assert!(h.prune().await.is_empty());
    let producer = h.producer(&cancelled.queue).await;
    let running = h.fetch(&producer, 1).await;
    assert!(h.ack(&running[0], Finish::Complete { recorded: None }).await);
    assert!(h.prune().await.is_empty(), "it completed just now");
}
