use std::sync::Arc;

use oban_core::{JobArgs, JobState, Oban};
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
