use oban_core::{Job, JobState, NewJob, QueueOptions};
use serde_json::json;

use super::{
    Cluster,
    cast::{Act, Scene},
};

/// Whatever the job did is recorded as an ordinary failure, and the queue goes on.
async fn fails_but_the_queue_goes_on(c: &Cluster, options: QueueOptions, job: NewJob, text: &str) -> Job {
    let oban = c.node().queue("default", options).start().await.unwrap();
    let failing = oban.insert(job.max_attempts(1)).await.unwrap();
    let failed = c.becomes(failing.id, JobState::Discarded).await;
    assert!(failed.errors[0].error.contains(text), "{:?}", failed.errors);
    let next = oban.insert(Act::job("next", Scene::Complete)).await.unwrap();
    c.becomes(next.id, JobState::Completed).await;
    assert!(oban.check_queue("default").await.unwrap().running.is_empty(), "the slot is free again");
    c.notes.open_gate(1);
    oban.stop().await.unwrap();
    failed
}

async fn fails(c: &Cluster, scene: Scene, text: &str) {
    fails_but_the_queue_goes_on(c, 1.into(), Act::job("a", scene), text).await;
}

pub async fn survives_a_panic(c: Cluster) {
    fails(&c, Scene::Panic, "panicked: stage fright").await;
}

pub async fn survives_a_panic_before_the_first_await(c: Cluster) {
    fails(&c, Scene::PanicBeforeTheFirstAwait, "panicked: no future at all").await;
}

pub async fn survives_a_panicking_timeout(c: Cluster) {
    fails(&c, Scene::PanicInTimeout, "timeout panicked: no timeout").await;
}

pub async fn survives_an_error_that_cannot_be_printed(c: Cluster) {
    fails(&c, Scene::FailUnspeakably, "panicked outside of its worker").await;
}

pub async fn retries_by_the_default_when_backoff_panics(c: Cluster) {
    let job = c.perform(Act::job("a", Scene::PanicInBackoff), JobState::Retryable).await;
    let wait = (job.scheduled_at - job.attempted_at.unwrap()).num_seconds();
    assert!((17..20).contains(&wait), "{wait} seconds");
}

pub async fn ends_a_job_that_takes_too_long(c: Cluster) {
    fails(&c, Scene::HangTimed, "Act timed out after 50ms").await;
    assert_eq!(c.notes.book().left, ["a", "next"], "the future was dropped");
}

pub async fn gives_up_on_a_job_that_blocks_for_too_long(c: Cluster) {
    let blocking = QueueOptions::limit(1).blocking();
    fails_but_the_queue_goes_on(&c, blocking, Act::job("a", Scene::BlockTimed), "timed out").await;
}

pub async fn records_an_error_with_a_nul(c: Cluster) {
    fails(&c, Scene::FailWithNul, "a\u{fffd}b").await;
}

pub async fn cuts_a_megabyte_of_error_text(c: Cluster) {
    let text = "ü".repeat(500_000);
    let failed = fails_but_the_queue_goes_on(&c, 1.into(), Act::job("a", Scene::Fail(text)), "üüü").await;
    let error = &failed.errors[0].error;
    assert!(error.len() < 100_000 && error.ends_with("of 1000000 bytes)"), "{} bytes", error.len());
}

pub async fn records_args_that_do_not_fit(c: Cluster) {
    let job = NewJob::new("Act", json!({"nome": 1}));
    fails_but_the_queue_goes_on(&c, 1.into(), job, "do not fit the worker's struct").await;
}

pub async fn records_an_unknown_worker(c: Cluster) {
    let job = NewJob::new("MyApp.Mailer", json!({}));
    fails_but_the_queue_goes_on(&c, 1.into(), job, "unknown worker: \"MyApp.Mailer\"").await;
}
