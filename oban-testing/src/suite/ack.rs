use std::time::Duration;

use chrono::TimeDelta;
use oban_core::{Ack, AttemptError, Finish, Job, JobFilter, JobState};
use serde_json::{Value, json};

use crate::{
    Harness,
    harness::{ids, job},
};

const DONE: Finish = Finish::Complete { recorded: None };

fn oops(delay: Duration) -> Finish {
    Finish::Retry { delay, error: "oops".into() }
}

pub async fn completes(h: Harness) {
    let running = h.execute(job().meta(json!({"a": 1}))).await;
    h.advance("2s");
    assert!(h.ack(&running, DONE).await);
    let expected = Job { state: JobState::Completed, completed_at: Some(h.now()), ..running };
    assert_eq!(h.read(expected.id).await, expected, "and changes nothing else");
}

pub async fn records_a_result(h: Harness) {
    let value = json!({"total": 12, "lines": ["a", null]});
    let done = h.finished(job().meta(json!({"a": 1})), Finish::record(&value)).await;
    assert_eq!(done.state, JobState::Completed);
    assert_eq!(done.recorded::<Value>().unwrap(), Some(value));
    assert_eq!((&done.meta["a"], &done.meta["recorded"]), (&json!(1), &json!(true)), "meta is merged");
}

pub async fn retries(h: Harness) {
    let running = h.execute(job()).await;
    h.advance("2s");
    assert!(h.ack(&running, oops(Duration::from_micros(16_234_567))).await);
    let expected = Job {
        state: JobState::Retryable,
        scheduled_at: h.now() + TimeDelta::microseconds(16_234_567),
        errors: vec![AttemptError::new(h.now(), 1, "oops")],
        ..running
    };
    assert_eq!(h.read(expected.id).await, expected);
}

pub async fn waits_a_century_to_the_microsecond(h: Harness) {
    let delay = Duration::from_secs(36_500 * 86_400) + Duration::from_micros(1);
    let row = h.finished(job(), oops(delay)).await;
    assert_eq!(row.scheduled_at, h.now() + TimeDelta::days(36_500) + TimeDelta::microseconds(1));
}

pub async fn discards(h: Harness) {
    let running = h.execute(job()).await;
    h.advance("2s");
    assert!(h.ack(&running, Finish::Discard { error: "never".into() }).await);
    let expected = Job {
        state: JobState::Discarded,
        discarded_at: Some(h.now()),
        errors: vec![AttemptError::new(h.now(), 1, "never")],
        ..running
    };
    assert_eq!(h.read(expected.id).await, expected);
}

pub async fn cancels(h: Harness) {
    let running = h.execute(job()).await;
    h.advance("2s");
    assert!(h.ack(&running, Finish::Cancel { error: "enough".into() }).await);
    let expected = Job {
        state: JobState::Cancelled,
        cancelled_at: Some(h.now()),
        errors: vec![AttemptError::new(h.now(), 1, "enough")],
        ..running
    };
    assert_eq!(h.read(expected.id).await, expected);
}

pub async fn snoozes(h: Harness) {
    let running = h.execute(job().meta(json!({"a": 1}))).await;
    h.advance("2s");
    assert!(h.ack(&running, Finish::snooze(Duration::from_secs(30))).await);
    let row = h.read(running.id).await;
    assert_eq!(Value::from(row.meta.clone()), json!({"a": 1, "snoozed": 1}));
    let expected = Job {
        state: JobState::Scheduled,
        scheduled_at: h.now() + TimeDelta::seconds(30),
        attempt: 0,
        meta: row.meta.clone(),
        ..running
    };
    assert_eq!(row, expected, "the attempt is refunded and no error is kept");
}

pub async fn hands_back(h: Harness) {
    let running = h.execute(job()).await;
    h.advance("2s");
    assert!(h.ack(&running, Finish::HandBack).await);
    let row = h.read(running.id).await;
    assert_eq!(Value::from(row.meta.clone()), json!({"interrupted": 1}));
    let expected = Job { state: JobState::Available, attempt: 0, meta: row.meta.clone(), ..running };
    assert_eq!(row, expected, "in its old place in the queue");
}

pub async fn returns_as_if_never_fetched(h: Harness) {
    let running = h.execute(job().meta(json!({"interrupted": 2}))).await;
    h.advance("2s");
    assert!(h.ack(&running, Finish::Return).await);
    let expected = Job { state: JobState::Available, attempt: 0, ..running.clone() };
    assert_eq!(h.read(running.id).await, expected, "in its old place in the queue");
    assert!(!h.ack(&running, Finish::Return).await, "once");
}

pub async fn snoozes_without_end(h: Harness) {
    let stored = h.insert(job().max_attempts(1)).await;
    let producer = h.producer("default").await;
    for round in 1..=50 {
        let fetched = h.fetch(&producer, 1).await;
        assert_eq!((ids(&fetched), fetched[0].attempt), (vec![stored.id], 1));
        assert!(h.ack(&fetched[0], Finish::snooze(Duration::ZERO)).await);
        let row = h.read(stored.id).await;
        assert_eq!((row.attempt, row.max_attempts, &row.meta["snoozed"]), (0, 1, &json!(round)));
        h.advance("1s");
        h.stage().await;
    }
}

pub async fn counts_from_zero_when_the_counter_is_no_number(h: Harness) {
    for junk in [json!("7"), json!(null), json!([1]), json!({"n": 1}), json!(true)] {
        let row = h
            .finished(job().meta(json!({"snoozed": junk, "a": 1})), Finish::snooze(Duration::from_secs(9)))
            .await;
        assert_eq!(Value::from(row.meta), json!({"snoozed": 1, "a": 1}));
        let row = h.finished(job().queue("b").meta(json!({"interrupted": junk})), Finish::HandBack).await;
        assert_eq!(Value::from(row.meta), json!({"interrupted": 1}));
        h.engine.delete_jobs(&JobFilter::all()).await.unwrap();
    }
}

/// A key of the meta with every character that means something to a store.
const ODD: &str = "it's \"odd\" $.a[0] \\ ü {} ,";

pub async fn snoozes_with_a_note(h: Harness) {
    let before = json!({
        ODD: {"old": true}, "kept": {"deep": [1, null, {"a": null}]}, "null": null, "exact": 12345678901234567890_u64
    });
    let note = json!({ODD: {"new": null, "list": [null, {}]}, "gone": null, "text": "}"});
    let running = h.execute(job().meta(before)).await;
    let finish = snooze(&note);
    assert!(h.ack(&running, finish).await);
    let expected = json!({
        ODD: {"new": null, "list": [null, {}]}, "kept": {"deep": [1, null, {"a": null}]}, "null": null,
        "exact": 12345678901234567890_u64, "gone": null, "text": "}", "snoozed": 1
    });
    let row = h.read(running.id).await;
    assert_eq!((row.state, row.attempt, Value::from(row.meta)), (JobState::Scheduled, 0, expected));
}

pub async fn snoozes_with_a_note_in_an_empty_meta(h: Harness) {
    let row = h.finished(job(), snooze(&json!({"page": 7}))).await;
    assert_eq!(Value::from(row.meta), json!({"page": 7, "snoozed": 1}));
}

pub async fn counts_whatever_a_note_says(h: Harness) {
    let row = h.finished(job().meta(json!({"snoozed": 4})), snooze(&json!({"snoozed": 70}))).await;
    assert_eq!(Value::from(row.meta), json!({"snoozed": 5}));
}

pub async fn keeps_a_note_from_a_run_that_is_over(h: Harness) {
    let running = h.execute(job()).await;
    h.engine.cancel_jobs(&JobFilter::id(running.id)).await.unwrap();
    assert!(!h.ack(&running, snooze(&json!({"page": 7}))).await);
    assert!(h.read(running.id).await.meta.is_empty());
}

fn snooze(note: &Value) -> Finish {
    Finish::Snooze { delay: Duration::from_secs(9), meta: note.as_object().unwrap().clone() }
}

pub async fn counts_on(h: Harness) {
    let row = h.finished(job().meta(json!({"snoozed": 41})), Finish::snooze(Duration::from_secs(9))).await;
    assert_eq!(row.meta["snoozed"], json!(42));
}

pub async fn appends_errors_in_order(h: Harness) {
    let stored = h.insert(job()).await;
    let producer = h.producer("default").await;
    let mut expected = Vec::new();
    for attempt in 1..=3 {
        let fetched = h.fetch(&producer, 1).await;
        h.advance("250ms");
        let error = format!("failure {attempt}");
        expected.push(AttemptError::new(h.now(), attempt, error.clone()));
        assert!(h.ack(&fetched[0], Finish::Retry { delay: Duration::ZERO, error }).await);
        h.stage().await;
    }
    assert_eq!(h.read(stored.id).await.errors, expected);
}

pub async fn keeps_any_error_text(h: Harness) {
    for error in
        ["", "it's \"quoted\" \\ \\u0000 \\n {} [1] $1 ?", "多 🦀 \u{1} \u{7f} \r\n\t", "{\"error\": 1}"]
    {
        let row = h.finished(job(), Finish::Discard { error: error.into() }).await;
        assert_eq!(row.errors[0].error, error);
    }
}

pub async fn keeps_a_megabyte_of_error_text(h: Harness) {
    let error = "stäck '\"\\\n".repeat(100_000);
    let row = h.finished(job(), Finish::Retry { delay: Duration::from_secs(1), error: error.clone() }).await;
    assert_eq!(row.errors[0].error, error);
}

pub async fn takes_an_empty_list(h: Harness) {
    assert!(h.engine.ack_jobs(&[]).await.unwrap().is_empty());
}

pub async fn takes_a_thousand_mixed_outcomes(h: Harness) {
    h.insert_all((0..1000).map(|_| job().meta(json!({"kept": true})))).await;
    let producer = h.producer("default").await;
    let running = h.fetch(&producer, 1000).await;
    let acks: Vec<Ack> = running.iter().enumerate().map(|(n, job)| Ack::of(job, outcome(n))).collect();
    h.advance("1s");
    let mut taken = h.engine.ack_jobs(&acks).await.unwrap();
    taken.sort();
    assert_eq!(taken, ids(&running));
    let rows = h.engine.list_jobs(&JobFilter::all()).await.unwrap();
    for (n, (row, before)) in rows.iter().zip(&running).enumerate() {
        let finish = outcome(n);
        assert_eq!((row.id, row.state), (before.id, finish.state()));
        assert_eq!(row.attempt, u32::from(!finish.refunds_attempt()));
        let errors: Vec<&str> = row.errors.iter().map(|error| error.error.as_str()).collect();
        assert_eq!(errors, Vec::from_iter(finish.error()));
        let delay = finish.delay().map(|delay| h.now() + delay);
        assert_eq!(row.scheduled_at, delay.unwrap_or(before.scheduled_at));
        assert_eq!(row.meta["kept"], json!(true));
        if let Some(counter) = finish.counter() {
            assert_eq!(row.meta[counter], json!(1));
        }
        assert_eq!(row.completed_at, (row.state == JobState::Completed).then(|| h.now()));
        assert_eq!(row.discarded_at, (row.state == JobState::Discarded).then(|| h.now()));
        assert_eq!(row.cancelled_at, (row.state == JobState::Cancelled).then(|| h.now()));
        assert_eq!(row.recorded::<usize>().unwrap(), (n % 7 == 6).then_some(n));
    }
}

fn outcome(n: usize) -> Finish {
    let delay = Duration::from_millis(u64::try_from(n).unwrap());
    match n % 7 {
        0 => DONE,
        1 => Finish::Retry { delay, error: format!("retry {n}") },
        2 => Finish::Discard { error: format!("discard '{n}'") },
        3 => Finish::Cancel { error: format!("cancel {n}") },
        4 => Finish::snooze(delay),
        5 => Finish::HandBack,
        _ => Finish::record(&json!(n)),
    }
}
