use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use oban_core::{Channel, Conn, ErrorKind, JobFilter, JobId, JobState, NewJob};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    Harness,
    harness::{ids, job},
};

pub async fn assigns_rising_ids(h: Harness) {
    let first = h.insert(job()).await;
    let more = h.insert_all([job(), job()]).await;
    assert!(first.id > JobId(0) && first.id < more[0].id && more[0].id < more[1].id);
}

pub async fn fills_in_defaults(h: Harness) {
    let stored = h.insert(NewJob::new("Greet", json!({"name": "Ada"}))).await;
    assert_eq!((stored.state, stored.queue.as_str()), (JobState::Available, "default"));
    assert_eq!((stored.worker.as_str(), &stored.args), ("Greet", &json!({"name": "Ada"})));
    assert_eq!((stored.attempt, stored.max_attempts, stored.priority), (0, 20, 0));
    assert!(stored.meta.is_empty() && stored.tags.is_empty());
    assert!(stored.errors.is_empty() && stored.attempted_by.is_empty());
    assert_eq!((stored.inserted_at, stored.scheduled_at), (h.now(), h.now()));
    assert_eq!((stored.attempted_at, stored.completed_at), (None, None));
    assert_eq!((stored.cancelled_at, stored.discarded_at), (None, None));
}

pub async fn keeps_every_given_field(h: Harness) {
    let new = NewJob::new("Mail.Send", json!({"to": [1, 2]}))
        .queue("mailers")
        .priority(9)
        .max_attempts(3)
        .tag("Weekly ")
        .tag("b")
        .meta(json!({"origin": {"host": "a"}}));
    let stored = h.insert(new).await;
    assert_eq!((stored.worker.as_str(), stored.queue.as_str()), ("Mail.Send", "mailers"));
    assert_eq!((stored.priority, stored.max_attempts), (9, 3));
    assert_eq!(stored.tags, ["weekly", "b"]);
    assert_eq!(Value::from(stored.meta.clone()), json!({"origin": {"host": "a"}}));
    assert_eq!(stored.args, json!({"to": [1, 2]}));
}

pub async fn returns_what_it_stored(h: Harness) {
    let stored = h.insert(job().tag("a").meta(json!({"a": 1})).schedule_in("90s")).await;
    assert_eq!(h.read(stored.id).await, stored);
    assert_eq!(h.other.list_jobs(&JobFilter::id(stored.id)).await.unwrap(), [stored]);
}

pub async fn returns_jobs_in_the_order_given(h: Harness) {
    let jobs = (0..50).map(|n| NewJob::new("Greet", json!({"n": n})).priority(n % 10));
    let stored = h.insert_all(jobs).await;
    let numbers: Vec<i64> = stored.iter().map(|job| job.args["n"].as_i64().unwrap()).collect();
    assert_eq!(numbers, Vec::from_iter(0..50));
    assert!(stored.is_sorted_by(|a, b| a.id < b.id), "ids rise in the order given");
}

pub async fn stores_ten_thousand_at_once(h: Harness) {
    let jobs = (0..10_000).map(|n| NewJob::new("Greet", json!({"n": n})));
    let stored = h.insert_all(jobs).await;
    assert_eq!(stored.len(), 10_000);
    for (n, job) in stored.iter().enumerate() {
        assert_eq!(job.args["n"], json!(n));
    }
    assert!(stored.is_sorted_by(|a, b| a.id < b.id));
    assert_eq!(h.engine.count_jobs(&JobFilter::all()).await.unwrap()[0].count, 10_000);
}

pub async fn takes_an_empty_list(h: Harness) {
    assert!(h.insert_all([]).await.is_empty());
    assert!(h.engine.count_jobs(&JobFilter::all()).await.unwrap().is_empty());
}

pub async fn keeps_unicode_and_quotes(h: Harness) {
    let text = "naïve ☃ 🦀 \u{202e}rtl ' \" \\ \\u0041 $1 ? {} %s ; -- /* \n\t\r\u{7f}";
    let new = NewJob::new("Wörker'\"\\", json!({ text: text }))
        .queue("quéue '\"\\ 🦀")
        .tag(text)
        .meta(json!({ text: [text] }));
    let stored = h.insert(new.clone()).await;
    let read = h.read(stored.id).await;
    assert_eq!((&read.worker, &read.queue, &read.tags), (&new.worker, &new.queue, &new.tags));
    assert_eq!((&read.args, &read.meta), (&new.args, &new.meta));
    let producer = h.producer(&new.queue).await;
    assert_eq!(ids(&h.fetch(&producer, 1).await), [stored.id], "the queue's name works as well");
}

pub async fn keeps_tags_with_separators(h: Harness) {
    let tags = ["a,b", "{c}", "d e", "\"", "null", "\\", "[]", "é"];
    let new = tags.into_iter().fold(job(), NewJob::tag);
    assert_eq!(h.insert(new).await.tags, tags);
}

pub async fn keeps_numbers_exact(h: Harness) {
    let args = json!({
        "past_doubles": 9_007_199_254_740_993_i64,
        "highest": i64::MAX,
        "lowest": i64::MIN,
        "unsigned": u64::MAX,
        "fraction": 0.1,
        "small": 5e-324,
        "zero": 0,
    });
    let stored = h.insert(NewJob::new("Sum", args.clone()).meta(args.clone())).await;
    let read = h.read(stored.id).await;
    assert_eq!(read.args, args);
    assert_eq!(Value::from(read.meta), args);
}

pub async fn keeps_nested_args(h: Harness) {
    let deep = (0..60).fold(json!([null, true, "x", {}]), |inner, _| json!({ "a": [inner] }));
    let stored = h.insert(NewJob::new("Dig", deep.clone())).await;
    assert_eq!(h.read(stored.id).await.args, deep);
}

pub async fn keeps_a_megabyte_of_args(h: Harness) {
    let args = json!({ "text": "ä'\"\\".repeat(200_000) });
    let stored = h.insert(NewJob::new("Print", args.clone())).await;
    assert_eq!(h.read(stored.id).await.args, args);
}

pub async fn keeps_names_of_full_length(h: Harness) {
    let (worker, queue) = ("w".repeat(127), "ü".repeat(127));
    let stored = h.insert(NewJob::new(&worker, json!({})).queue(&queue).max_attempts(2_147_483_647)).await;
    let read = h.read(stored.id).await;
    assert_eq!((read.worker, read.queue, read.max_attempts), (worker, queue, 2_147_483_647));
}

pub async fn schedules_whatever_has_a_time(h: Harness) {
    let past = h.now() - TimeDelta::days(1);
    let stored = h.insert(job().schedule_at(past)).await;
    assert_eq!((stored.state, stored.scheduled_at), (JobState::Scheduled, past), "even one in the past");
    let stored = h.insert(job().schedule_in(Duration::ZERO)).await;
    assert_eq!((stored.state, stored.scheduled_at), (JobState::Scheduled, h.now()));
}

pub async fn schedules_in_a_period_by_the_stores_clock(h: Harness) {
    h.advance("100d");
    let stored = h.insert(job().schedule_in("1h30m250ms")).await;
    assert_eq!(stored.scheduled_at, h.now() + TimeDelta::milliseconds(5_400_250));
    assert_eq!(stored.inserted_at, h.now());
}

pub async fn keeps_microseconds(h: Harness) {
    let at = DateTime::from_timestamp(4_000_000_000, 123_456_789).unwrap();
    let stored = h.insert(job().schedule_at(at)).await;
    let kept = DateTime::from_timestamp(4_000_000_000, 123_456_000).unwrap();
    assert_eq!(stored.scheduled_at, kept, "finer parts are cut off");
    assert_eq!(h.read(stored.id).await.scheduled_at, kept);
}

pub async fn keeps_far_times(h: Harness) {
    for seconds in [-62_135_596_800, -1, 253_402_300_799] {
        let at = DateTime::from_timestamp(seconds, 999_999_000).unwrap();
        let stored = h.insert(job().schedule_at(at)).await;
        assert_eq!(h.read(stored.id).await.scheduled_at, at);
    }
}

pub async fn announces_each_queue_once(h: Harness) {
    let mut ear = h.other_ear(Channel::Insert).await;
    h.insert_all([job().queue("a"), job().queue("b"), job().queue("a"), job().queue("c 'ü'")]).await;
    assert_eq!(ear.queues().await, ["a", "b", "c 'ü'"]);
    h.insert(job().queue("a")).await;
    assert_eq!(ear.queues().await, ["a"]);
}

pub async fn announces_no_scheduled_job(h: Harness) {
    let mut ear = h.ear(Channel::Insert).await;
    h.insert_all([job().queue("a").schedule_in("1s"), job().queue("b")]).await;
    h.insert(job().queue("c").schedule_at(h.now() - TimeDelta::hours(1))).await;
    assert_eq!(ear.queues().await, ["b"]);
}

pub async fn stores_all_or_nothing_when_dropped(h: Harness) {
    for round in 0..12_u32 {
        let jobs = (0..3000).map(|_| job().queue(format!("round {round}"))).collect();
        let insert = h.engine.insert_jobs(None, jobs);
        // Whether it is dropped before, amid or after its work is left to chance.
        let _ = timeout(Duration::from_micros(50) * 2_u32.pow(round), insert).await;
    }
    for count in h.other.count_jobs(&JobFilter::all()).await.unwrap() {
        assert_eq!(count.count, 3000, "of {}", count.queue);
    }
}

pub async fn refuses_a_foreign_connection(h: Harness) {
    struct ForeignTransaction;
    let mut tx = ForeignTransaction;
    let refused = h.engine.insert_jobs(Some(Conn::new(&mut tx)), vec![job()]).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Unsupported);
    assert!(h.engine.list_jobs(&JobFilter::all()).await.unwrap().is_empty(), "nothing was stored");
}
