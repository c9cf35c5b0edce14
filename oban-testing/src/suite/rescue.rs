use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use oban_core::{AttemptError, Channel, Finish, Job, JobFilter, JobState, Touched};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::fetch::exhausted_available;
use crate::{
    Harness,
    harness::{ids, job, rescue, touched_ids},
};

pub async fn takes_back_the_jobs_of_a_dead_producer(h: Harness) {
    let running = h.execute(job().meta(json!({"a": 1}))).await;
    h.advance("61s");
    let expected = Touched {
        id: running.id,
        queue: "default".to_owned(),
        before: JobState::Executing,
        after: Some(JobState::Available),
    };
    assert_eq!(h.rescue().await, [expected]);
    let row = h.read(running.id).await;
    assert_eq!(Value::from(row.meta.clone()), json!({"a": 1, "rescued": 1}));
    let expected = Job { state: JobState::Available, meta: row.meta.clone(), ..running };
    assert_eq!(row, expected, "the attempt is not refunded: it may have done harm");
}

pub async fn counts_every_rescue(h: Harness) {
    let stored = h.insert(job().meta(json!({"rescued": "junk"}))).await;
    for times in 1..=3 {
        let producer = h.producer("default").await;
        assert_eq!(ids(&h.fetch(&producer, 1).await), [stored.id]);
        h.advance("61s");
        assert_eq!(h.rescue().await.len(), 1);
        assert_eq!(h.read(stored.id).await.meta["rescued"], json!(times));
    }
}

pub async fn leaves_the_jobs_of_a_living_producer(h: Harness) {
    let stored = h.insert(job()).await;
    let producer = h.producer("default").await;
    let running = h.fetch(&producer, 1).await;
    for _ in 0..100 {
        h.advance("59s");
        h.engine.refresh_queues(std::slice::from_ref(&producer)).await.unwrap();
    }
    h.advance("59s");
    assert!(h.rescue().await.is_empty(), "however long it runs");
    assert_eq!(h.read(stored.id).await, running[0]);
    h.advance("2s");
    assert_eq!(h.rescue().await.len(), 1, "until its heart stops");
}

pub async fn counts_the_registration_as_a_heartbeat(h: Harness) {
    h.advance("1h");
    let running = h.execute(job()).await;
    h.advance("59s");
    assert!(h.rescue().await.is_empty());
    assert_eq!(h.read(running.id).await, running);
}

pub async fn beats_several_hearts_at_once(h: Harness) {
    h.insert_all([job().queue("a"), job().queue("b"), job().queue("c")]).await;
    let (a, b, c) = (h.producer("a").await, h.other_producer("b").await, h.producer("c").await);
    let mut running = Vec::new();
    for producer in [&a, &b, &c] {
        running.extend(h.fetch(producer, 1).await);
    }
    h.advance("50s");
    h.engine.refresh_queues(&[a, b]).await.unwrap();
    h.engine.refresh_queues(&[]).await.unwrap();
    h.advance("50s");
    assert_eq!(touched_ids(&h.rescue().await), [running[2].id]);
}

pub async fn judges_unregistered_jobs_by_age(h: Harness) {
    let stored = h.insert(job()).await;
    let producer = h.producer("default").await;
    h.fetch(&producer, 1).await;
    h.engine.shutdown_queue(&producer).await.unwrap();
    h.advance("59m59s");
    assert!(h.rescue().await.is_empty(), "a missing heartbeat row alone proves nothing");
    h.advance("2s");
    assert_eq!(touched_ids(&h.rescue().await), [stored.id]);
}

pub async fn discards_exhausted_jobs(h: Harness) {
    let running = h.execute(job().max_attempts(1)).await;
    h.advance("61s");
    let touched = h.rescue().await;
    assert_eq!((touched[0].before, touched[0].after), (JobState::Executing, Some(JobState::Discarded)));
    let row = h.read(running.id).await;
    assert_eq!((row.state, row.discarded_at, row.attempt), (JobState::Discarded, Some(h.now()), 1));
    assert!(row.meta.is_empty(), "it is not counted: it was not taken back");
    let texts: Vec<&str> = row.errors.iter().map(|error| error.error.as_str()).collect();
    assert!(matches!(texts[..], [text] if !text.is_empty()), "it says why: {texts:?}");
    assert_eq!(row.errors, [AttemptError::new(h.now(), 1, texts[0])]);
}

pub async fn sweeps_exhausted_available_jobs(h: Harness) {
    let swept = exhausted_available(&h, 2).await;
    let fresh = h.insert(job()).await;
    h.advance("1s");
    let touched = h.rescue().await;
    assert_eq!(touched_ids(&touched), swept);
    for touched in touched {
        assert_eq!((touched.before, touched.after), (JobState::Available, Some(JobState::Discarded)));
        let row = h.read(touched.id).await;
        assert_eq!((row.state, row.discarded_at), (JobState::Discarded, Some(h.now())));
        let last = row.errors.last().unwrap();
        assert_eq!((row.errors.len(), last.at, last.attempt), (2, Some(h.now()), Some(1)));
        assert!(!last.error.is_empty());
    }
    assert_eq!(h.read(fresh.id).await, fresh);
}

pub async fn leaves_jobs_in_other_states(h: Harness) {
    let mut rows = Vec::new();
    for state in JobState::ALL {
        if !matches!(state, JobState::Suspended | JobState::Executing) {
            rows.push(h.job_in(state).await);
        }
    }
    h.advance("10d");
    assert!(h.rescue().await.is_empty());
    for row in rows {
        assert_eq!(h.read(row.id).await, row);
    }
}

pub async fn is_bounded_and_continues(h: Harness) {
    h.insert_all((0..7).map(|_| job())).await;
    let producer = h.producer("default").await;
    let running = h.fetch(&producer, 7).await;
    h.advance("61s");
    let mut rescued = Vec::new();
    for expected in [3, 3, 1, 0] {
        let touched = h.engine.rescue_jobs(rescue(3)).await.unwrap();
        assert_eq!(touched.len(), expected);
        rescued.extend(touched_ids(&touched));
    }
    rescued.sort();
    assert_eq!(rescued, ids(&running), "though the producer was found dead in the first call");
}

pub async fn bounds_the_sweep_as_well(h: Harness) {
    let swept = exhausted_available(&h, 3).await;
    h.execute(job()).await;
    h.advance("61s");
    let first = h.engine.rescue_jobs(rescue(2)).await.unwrap();
    let second = h.engine.rescue_jobs(rescue(100)).await.unwrap();
    assert_eq!((first.len(), second.len()), (2, 2));
    let all = touched_ids(&[first, second].concat());
    assert!(swept.iter().all(|id| all.contains(id)));
}

pub async fn removes_the_registration_of_the_dead(h: Harness) {
    h.insert(job()).await;
    let producer = h.producer("default").await;
    h.advance("61s");
    assert!(h.rescue().await.is_empty(), "it ran nothing");
    let late = h.fetch(&producer, 1).await;
    assert_eq!(late.len(), 1, "it was not dead after all");
    h.advance("10m");
    assert!(h.rescue().await.is_empty(), "without a registration only age counts");
    h.advance("1h");
    assert_eq!(touched_ids(&h.rescue().await), ids(&late));
}

pub async fn spares_a_producer_that_registers_again(h: Harness) {
    h.insert(job()).await;
    let producer = h.producer("default").await;
    h.advance("61s");
    h.rescue().await;
    h.engine.refresh_queues(std::slice::from_ref(&producer)).await.unwrap();
    let running = h.fetch(&producer, 1).await;
    h.advance("59s");
    h.engine.refresh_queues(std::slice::from_ref(&producer)).await.unwrap();
    h.advance("59s");
    assert!(h.rescue().await.is_empty());
    assert_eq!(h.read(running[0].id).await, running[0]);
    h.advance("2s");
    assert_eq!(h.rescue().await.len(), 1, "its heartbeat is judged again");
}

pub async fn spares_the_living_when_the_clock_steps_back(h: Harness) {
    let running = h.execute(job()).await;
    h.clock.advance(TimeDelta::hours(-1));
    assert!(h.rescue().await.is_empty());
    assert_eq!(h.read(running.id).await, running);
}

pub async fn takes_each_job_once_at_two_nodes(h: Harness) {
    h.insert_all((0..200).map(|_| job())).await;
    let producer = h.producer("default").await;
    let running = h.fetch(&producer, 200).await;
    h.advance("61s");
    let mut nodes = JoinSet::new();
    for engine in [&h.engine, &h.other, &h.engine, &h.other] {
        let engine = Arc::clone(engine);
        nodes.spawn(async move { engine.rescue_jobs(rescue(150)).await.unwrap() });
    }
    let mut rescued = touched_ids(&nodes.join_all().await.concat());
    // Rows another transaction holds are passed over.
    rescued.extend(touched_ids(&h.rescue().await));
    rescued.sort();
    assert_eq!(rescued, ids(&running));
    for row in h.engine.list_jobs(&JobFilter::all()).await.unwrap() {
        assert_eq!((row.state, &row.meta["rescued"]), (JobState::Available, &json!(1)));
    }
}

pub async fn takes_nothing_twice(h: Harness) {
    h.execute(job()).await;
    h.advance("61s");
    assert_eq!(h.rescue().await.len(), 1);
    assert!(h.other.rescue_jobs(rescue(10)).await.unwrap().is_empty());
}

pub async fn announces_the_queues(h: Harness) {
    let mut ear = h.ear(Channel::Insert).await;
    h.execute(job().queue("a")).await;
    h.execute(job().queue("exhausted").max_attempts(1)).await;
    ear.queues().await;
    h.advance("61s");
    assert_eq!(h.rescue().await.len(), 2);
    assert_eq!(ear.queues().await, ["a"], "a discarded job is no work");
}

pub async fn leaves_the_finished_jobs_of_the_dead(h: Harness) {
    let done = h.finished(job(), Finish::Retry { delay: Duration::from_secs(5), error: "oops".into() }).await;
    h.advance("61s");
    assert!(h.rescue().await.is_empty());
    assert_eq!(h.read(done.id).await, done);
}
