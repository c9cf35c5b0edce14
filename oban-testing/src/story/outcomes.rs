use std::sync::Arc;

use oban_core::{Context, ErrorKind, JobArgs, JobFilter, JobState, NewJob, Oban, QueueOptions};
use serde_json::json;

use super::{
    Cluster,
    cast::{Act, Scene},
};

pub async fn completes_a_job(c: Cluster) {
    let oban = c.start(5).await;
    let stored = oban.insert(Act::job("hamlet", Scene::Complete)).await.unwrap();
    let job = c.becomes(stored.id, JobState::Completed).await;
    let uuid = oban.check_queue("default").await.unwrap().uuid;
    assert_eq!((job.attempt, &job.attempted_by[..]), (1, &["web.1".to_owned(), uuid.to_string()][..]));
    assert!(job.completed_at.unwrap() >= job.attempted_at.unwrap());
    assert!(job.errors.is_empty());
    oban.stop().await.unwrap();
}

pub async fn records_a_result(c: Cluster) {
    let value = json!({"sum": 42, "of": ["a", 1.5, null, -7, 10_000_000_000_i64]});
    let job = c.perform(Act::job("a", Scene::Record(value.clone())), JobState::Completed).await;
    assert_eq!(job.recorded::<serde_json::Value>().unwrap(), Some(value));
    assert_eq!(job.meta["recorded"], true);
}

pub async fn reads_a_result_by_its_id(c: Cluster) {
    let oban = c.start(5).await;
    let recorded = oban.insert(Act::job("a", Scene::Record(json!(42)))).await.unwrap().id;
    let without = oban.insert(Act::job("b", Scene::Complete)).await.unwrap().id;
    let waiting = oban.insert(Act::job("c", Scene::Complete).schedule_in("1h")).await.unwrap().id;
    c.count_becomes(JobState::Completed, 2).await;
    assert_eq!(oban.result::<u64>(recorded).await.unwrap(), Some(42));
    assert_eq!(oban.result::<u64>(without).await.unwrap(), None);
    assert_eq!(oban.result::<u64>(waiting).await.unwrap(), None);
    let error = oban.result::<String>(recorded).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("does not fit the type asked for"), "{error}");
    assert_eq!(oban.result::<u64>(1_000_000).await.unwrap_err().kind(), ErrorKind::NotFound);
    oban.stop().await.unwrap();
    // Tried again, it has none yet, whatever the row still holds.
    c.engine.retry_jobs(&JobFilter::id(recorded)).await.unwrap();
    assert_eq!(oban.result::<u64>(recorded).await.unwrap(), None);
}

pub async fn fails_an_attempt_whose_result_is_too_large(c: Cluster) {
    // As stored: one byte for the format, five for the text's head, the text, and a third more for base64.
    let largest = json!("x".repeat(64_000 / 4 * 3 - 6));
    let larger = json!("x".repeat(64_000 / 4 * 3 - 5));
    let job = c.perform(Act::job("a", Scene::Record(largest.clone())), JobState::Completed).await;
    assert_eq!(job.recorded::<serde_json::Value>().unwrap(), Some(largest));
    let job = c.perform(Act::job("a", Scene::Record(larger)).max_attempts(1), JobState::Discarded).await;
    let error = &job.errors[0].error;
    assert!(error.contains("64002 bytes") && error.contains("may record 64000"), "{error}");
    assert!(!job.meta.contains_key("return"), "nothing is kept of it");
}

pub async fn retries_a_failure(c: Cluster) {
    let job = c.perform(Act::job("a", Scene::FailUntil(3)), JobState::Completed).await;
    assert_eq!((job.attempt, job.errors.len()), (3, 2));
    assert_eq!((job.errors[1].attempt, job.errors[1].error.as_str()), (Some(2), "not yet"));
}

pub async fn discards_after_the_last_attempt(c: Cluster) {
    let job = c.perform(Act::job("a", Scene::Fail("boom".into())), JobState::Discarded).await;
    assert_eq!((job.attempt, job.max_attempts, job.errors.len()), (3, 3, 3));
    assert!(job.discarded_at.is_some());
}

pub async fn cancels_for_a_reason(c: Cluster) {
    let job = c.perform(Act::job("a", Scene::Cancel("gone".into())), JobState::Cancelled).await;
    assert_eq!(job.errors[0].error, "gone");
    assert!(job.cancelled_at.is_some());
}

pub async fn discards_for_a_reason(c: Cluster) {
    let job = c.perform(Act::job("a", Scene::Discard("useless".into())), JobState::Discarded).await;
    assert_eq!((job.attempt, job.errors[0].error.as_str()), (1, "useless"));
}

pub async fn snoozes_without_using_up_an_attempt(c: Cluster) {
    let job = c.perform(Act::job("a", Scene::Snooze("1h".into())).max_attempts(1), JobState::Scheduled).await;
    assert_eq!((job.attempt, &job.meta["snoozed"]), (0, &json!(1)));
    assert_eq!((job.scheduled_at - job.attempted_at.unwrap()).num_minutes(), 60);
}

pub async fn counts_a_senseless_snooze_as_a_failure(c: Cluster) {
    let job =
        c.perform(Act::job("a", Scene::Snooze("soon".into())).max_attempts(1), JobState::Discarded).await;
    assert!(job.errors[0].error.contains("\"soon\" is no period"), "{}", job.errors[0].error);
}

pub async fn finds_what_it_left_for_itself_in_a_snooze(c: Cluster) {
    let note = json!({"page": 7, "seen": [null, {"a": null}], "owner": null});
    let job = Act::job("a", Scene::SnoozeWith(note)).meta(json!({"page": {"old": true}, "kept": "ü"}));
    let job = c.perform(job, JobState::Completed).await;
    let found = json!({"page": 7, "seen": [null, {"a": null}], "owner": null, "kept": "ü", "snoozed": 1});
    assert_eq!(job.recorded::<serde_json::Value>().unwrap(), Some(found));
    assert_eq!(job.attempt, 1);
}

pub async fn counts_a_senseless_note_as_a_failure(c: Cluster) {
    for (note, expected) in [
        (json!([1]), "meta is to be a JSON object, not [1]"),
        (json!({"snoozed": 7}), "may not hold \"snoozed\""),
    ] {
        let job = Act::job("a", Scene::SnoozeWith(note)).max_attempts(1);
        let error = c.perform(job, JobState::Discarded).await.errors.remove(0).error;
        assert!(error.contains(expected), "{error}");
    }
}

pub async fn runs_a_job_that_is_stored_under_an_alias(c: Cluster) {
    let job = Act::job("a", Scene::FailUntil(2));
    let old = NewJob::new("Deed", job.args).max_attempts(3);
    let job = c.perform(old, JobState::Completed).await;
    assert_eq!((job.worker.as_str(), job.attempt), ("Deed", 2), "by the worker's own backoff");
}

pub async fn finds_its_context_from_anywhere(c: Cluster) {
    let oban = c.node().queue("default", 2).queue("blocking", QueueOptions::limit(2).blocking());
    let oban = oban.start().await.unwrap();
    for queue in ["default", "blocking"] {
        let id = oban.insert(Act::job("a", Scene::LookAround).queue(queue)).await.unwrap().id;
        c.becomes(id, JobState::Completed).await;
        let found = oban.result::<Vec<String>>(id).await.unwrap().unwrap();
        assert_eq!((&found[0], &found[3]), (&id.to_string(), &id.to_string()), "{queue}");
        assert!(found[1].contains("another type") && found[1].contains("String"), "{}", found[1]);
        assert!(found[2].contains("no job is running here"), "{}", found[2]);
    }
    let outside = Context::<()>::current().unwrap_err();
    assert_eq!(outside.kind(), ErrorKind::NotFound);
    oban.stop().await.unwrap();
}

pub async fn lets_jobs_insert_jobs(c: Cluster) {
    let oban = c.start(5).await;
    oban.insert(Act::job("first", Scene::Insert("second".into()))).await.unwrap();
    c.notes.started("second").await;
    c.count_becomes(JobState::Completed, 2).await;
    oban.stop().await.unwrap();
}

pub async fn runs_what_another_node_inserted(c: Cluster) {
    let oban = c.start(5).await;
    let inserting = Oban::builder_on(Arc::clone(&c.other)).start().await.unwrap();
    let act = Act { name: "a".into(), scene: Scene::Complete };
    let stored = inserting.insert(act.into_job()).await.unwrap();
    c.becomes(stored.id, JobState::Completed).await;
    inserting.stop().await.unwrap();
    oban.stop().await.unwrap();
}
