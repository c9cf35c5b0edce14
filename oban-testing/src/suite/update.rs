use std::time::Duration;

use chrono::TimeDelta;
use oban_core::{Finish, Job, JobChanges, JobFilter, JobState, Schedule};
use serde_json::json;

use crate::{
    Harness,
    harness::{ids, job},
};

fn changes() -> JobChanges {
    JobChanges::default()
}

pub async fn replaces_what_is_named(h: Harness) {
    let row = h.insert(job().tag("old").meta(json!({"old": 1}))).await;
    let all = changes()
        .args(json!({"new": "ü'"}))
        .meta(json!({"new": [2]}))
        .tags(["new", "b c"])
        .queue("other")
        .worker("Farewell")
        .priority(7)
        .max_attempts(4);
    let updated = h.engine.update_jobs(&JobFilter::id(row.id), &all).await.unwrap();
    let expected = Job {
        args: json!({"new": "ü'"}),
        meta: json!({"new": [2]}).as_object().unwrap().clone(),
        tags: vec!["new".to_owned(), "b c".to_owned()],
        queue: "other".to_owned(),
        worker: "Farewell".to_owned(),
        priority: 7,
        max_attempts: 4,
        ..row
    };
    assert_eq!(h.read(expected.id).await, expected);
    assert_eq!(updated, [expected]);
}

pub async fn keeps_what_is_not_named(h: Harness) {
    let row = h.insert(job().tag("old").meta(json!({"old": 1}))).await;
    let filter = JobFilter::id(row.id);
    assert_eq!(h.engine.update_jobs(&filter, &changes()).await.unwrap(), std::slice::from_ref(&row));
    let updated = h.engine.update_jobs(&filter, &changes().priority(3)).await.unwrap();
    assert_eq!(updated, [Job { priority: 3, ..row }]);
}

pub async fn empties_what_is_replaced_by_nothing(h: Harness) {
    let row = h.insert(job().tag("old").meta(json!({"old": 1}))).await;
    let empty = changes().tags([""; 0]).meta(json!({})).args(json!({}));
    let updated = h.engine.update_jobs(&JobFilter::id(row.id), &empty).await.unwrap();
    assert_eq!(updated, [Job { tags: vec![], meta: serde_json::Map::new(), args: json!({}), ..row }]);
}

pub async fn changes_jobs_in_any_state(h: Harness) {
    for state in JobState::ALL {
        if state != JobState::Suspended {
            let row = h.job_in(state).await;
            let updated = h.engine.update_jobs(&JobFilter::id(row.id), &changes().priority(5)).await.unwrap();
            assert_eq!(updated, [Job { priority: 5, ..row }], "{state}");
        }
    }
}

pub async fn reschedules_waiting_jobs(h: Harness) {
    for state in [JobState::Scheduled, JobState::Available, JobState::Retryable] {
        let row = h.job_in(state).await;
        h.advance("1s");
        let later = changes().schedule_in("1h30m");
        let updated = h.engine.update_jobs(&JobFilter::id(row.id), &later).await.unwrap();
        let scheduled_at = h.now() + TimeDelta::minutes(90);
        let expected = Job { state: JobState::Scheduled, scheduled_at, ..row };
        assert_eq!(h.read(expected.id).await, expected, "from {state}");
        assert_eq!(updated, [expected]);
    }
}

pub async fn reschedules_no_other_jobs(h: Harness) {
    for state in [JobState::Executing, JobState::Completed, JobState::Discarded, JobState::Cancelled] {
        let row = h.job_in(state).await;
        let later = changes().schedule_in("1h").priority(5);
        assert!(h.engine.update_jobs(&JobFilter::id(row.id), &later).await.unwrap().is_empty(), "{state}");
        assert_eq!(h.read(row.id).await, row, "left out of the whole change");
    }
}

pub async fn schedules_at_a_time_or_now(h: Harness) {
    let row = h.insert(job().schedule_in("1h")).await;
    let filter = JobFilter::id(row.id);
    let past = h.now() - TimeDelta::microseconds(1_000_001);
    let updated = h.engine.update_jobs(&filter, &changes().schedule_at(past)).await.unwrap();
    assert_eq!((updated[0].state, updated[0].scheduled_at), (JobState::Scheduled, past));
    let mut at_once = changes();
    at_once.schedule = Some(Schedule::Now);
    let updated = h.engine.update_jobs(&filter, &at_once).await.unwrap();
    assert_eq!((updated[0].state, updated[0].scheduled_at), (JobState::Scheduled, h.now()));
}

pub async fn never_sets_max_attempts_below_the_attempts_made(h: Harness) {
    let fresh = h.insert(job().queue("fresh")).await;
    let stored = h.insert(job()).await;
    let producer = h.producer("default").await;
    for _ in 0..3 {
        let running = h.fetch(&producer, 1).await;
        let retry = Finish::Retry { delay: Duration::ZERO, error: "oops".into() };
        assert!(h.ack(&running[0], retry).await);
        h.stage().await;
    }
    let updated = h.engine.update_jobs(&JobFilter::all(), &changes().max_attempts(1)).await.unwrap();
    let attempts: Vec<_> = updated.iter().map(|job| (job.id, job.attempt, job.max_attempts)).collect();
    assert_eq!(attempts, [(fresh.id, 0, 1), (stored.id, 3, 3)]);
}

pub async fn moves_jobs_between_queues(h: Harness) {
    let stored = h.insert_all([job(), job()]).await;
    h.engine.update_jobs(&JobFilter::id(stored[0].id), &changes().queue("other")).await.unwrap();
    let (default, other) = (h.producer("default").await, h.producer("other").await);
    assert_eq!(ids(&h.fetch(&default, 9).await), [stored[1].id]);
    assert_eq!(ids(&h.fetch(&other, 9).await), [stored[0].id]);
}

pub async fn returns_rows_by_lowest_id(h: Harness) {
    h.execute(job()).await;
    let stored = h.insert_all((0..5).map(|n| job().priority(9 - n))).await;
    let filter = JobFilter::all().limit(3);
    let updated = h.engine.update_jobs(&filter, &changes().schedule_in("1h")).await.unwrap();
    assert_eq!(ids(&updated), ids(&stored[..3]), "jobs it leaves alone do not count");
}

pub async fn selects_by_all_conditions_together(h: Harness) {
    let (wanted, filter) = h.one_among_many().await;
    let updated = h.engine.update_jobs(&filter, &changes().priority(5)).await.unwrap();
    assert_eq!(updated, [Job { priority: 5, ..wanted }]);
}

pub async fn selects_nothing_by_an_empty_list(h: Harness) {
    let stored = h.insert(job()).await;
    for filter in [JobFilter::ids(Vec::<i64>::new()), JobFilter::all().limit(0)] {
        let updated = h.engine.update_jobs(&filter, &changes().priority(5)).await.unwrap();
        assert!(updated.is_empty(), "{filter:?}");
    }
    assert_eq!(h.read(stored.id).await, stored);
}

pub async fn keeps_the_run_of_a_running_job(h: Harness) {
    let running = h.execute(job()).await;
    let changed = changes().args(json!({"next": "time"})).queue("other").max_attempts(1);
    h.engine.update_jobs(&JobFilter::id(running.id), &changed).await.unwrap();
    assert!(h.ack(&running, Finish::Complete { recorded: None }).await);
}
