use oban_core::{ErrorKind, Inserted, JobFilter, JobState, NewJob, Oban, QueueOptions, Testing};
use serde_json::json;
use tokio::task::JoinSet;

use super::{
    Cluster,
    cast::{Act, Scene},
};
use crate::{all_enqueued, assert_enqueued, refute_enqueued};

async fn start(c: &Cluster, mode: Testing) -> Oban {
    c.node().testing(mode).queue("default", 5).start().await.unwrap()
}

pub async fn runs_nothing_by_itself(c: Cluster) {
    let oban = start(&c, Testing::Manual).await;
    assert_eq!(oban.testing(), Some(Testing::Manual));
    let job = oban.insert(Act::job("a", Scene::Complete)).await.unwrap();
    assert!(oban.check_all_queues().await.unwrap().is_empty());
    let node = c.other_node().queue("other", 1).start().await.unwrap();
    let signal = node.insert(Act::job("signal", Scene::Complete).queue("other")).await.unwrap();
    c.becomes(signal.id, JobState::Completed).await;
    assert_eq!(c.read(job.id).await.state, JobState::Available);
    assert!(!oban.is_leader());
    assert_eq!(oban.drain_queue("default").await.unwrap().completed, 1);
    node.stop().await.unwrap();
    oban.stop().await.unwrap();
}

pub async fn starts_no_queue(c: Cluster) {
    let refused = c.node().testing(Testing::Manual).queue("default", 0).start().await;
    assert!(
        refused.unwrap_err().to_string().contains("limit 0"),
        "the configuration is checked all the same"
    );
    let oban = start(&c, Testing::Manual).await;
    let error = oban.start_queue("more", QueueOptions::limit(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("Manual") && error.to_string().contains("drain \"more\""), "{error}");
}

pub async fn runs_jobs_where_they_are_inserted(c: Cluster) {
    let oban = start(&c, Testing::Inline).await;
    let insert = async |scene: Scene| {
        let Inserted { job, .. } = oban.insert(Act::job("a", scene)).await.unwrap();
        job
    };
    let completed = insert(Scene::Record(json!([1, 2]))).await;
    assert_eq!((completed.state, completed.attempt), (JobState::Completed, 1));
    assert_eq!(completed.recorded::<Vec<u8>>().unwrap(), Some(vec![1, 2]));
    assert!(completed.completed_at >= completed.attempted_at && completed.attempted_by == ["web.1"]);
    let failed = insert(Scene::Fail("boom".into())).await;
    assert_eq!((failed.state, failed.errors[0].error.as_str()), (JobState::Retryable, "boom"));
    assert_eq!(insert(Scene::HangTimed).await.errors[0].error, "Act timed out after 50ms");
    let cancelled = insert(Scene::Cancel("gone".into())).await;
    assert!(cancelled.state == JobState::Cancelled && cancelled.cancelled_at.is_some());
    assert_eq!(insert(Scene::Discard("useless".into())).await.state, JobState::Discarded);
    let snoozed = insert(Scene::Snooze("1h".into())).await;
    assert_eq!(
        (snoozed.state, snoozed.attempt, &snoozed.meta["snoozed"]),
        (JobState::Scheduled, 0, &json!(1))
    );
    assert_eq!((snoozed.scheduled_at - snoozed.attempted_at.unwrap()).num_minutes(), 60);
    let unknown = oban.insert(NewJob::new("Nobody", json!({}))).await.unwrap();
    assert!(unknown.errors[0].error.contains("unknown worker"));
    let jobs = oban.insert_all((0..3).map(|name| Act::job(name.to_string(), Scene::Complete))).await.unwrap();
    assert!(jobs.iter().all(|job| job.state == JobState::Completed) && jobs[0].id < jobs[2].id);
    let refused = oban.insert(Act::job("a", Scene::Complete).priority(10)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    assert_eq!(c.engine.list_jobs(&JobFilter::all()).await.unwrap(), [], "nothing is stored");
}

pub async fn runs_scheduled_jobs_as_well(c: Cluster) {
    let oban = start(&c, Testing::Inline).await;
    let job = oban.insert(Act::job("a", Scene::Complete).schedule_in("5m")).await.unwrap();
    assert_eq!(job.state, JobState::Completed);
    assert_eq!((job.scheduled_at - job.inserted_at).num_minutes(), 5);
}

pub async fn runs_what_a_job_inserts_within_its_insert(c: Cluster) {
    let oban = start(&c, Testing::Inline).await;
    oban.insert(Act::job("parent", Scene::Insert("child".into()))).await.unwrap();
    assert_eq!(
        (c.notes.book().started.as_slice(), c.notes.book().left.as_slice()),
        (&["parent".to_owned(), "child".to_owned()][..], &["child".to_owned(), "parent".to_owned()][..])
    );
}

pub async fn passes_a_panic_to_the_inserter(c: Cluster) {
    let oban = start(&c, Testing::Inline).await;
    let mut inserting = JoinSet::new();
    inserting.spawn(async move { oban.insert(Act::job("a", Scene::Panic)).await });
    let panic = inserting.join_next().await.unwrap().unwrap_err().into_panic();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"stage fright"));
}

pub async fn finds_what_is_enqueued(c: Cluster) {
    let oban = start(&c, Testing::Manual).await;
    let act = |name: &str| Act { name: name.into(), scene: Scene::Complete };
    let tagged =
        Act::job("a", Scene::Complete).tag("Vip").tag("new").meta(json!({"by": {"id": 7, "at": 1.5}}));
    oban.insert(tagged.priority(3).schedule_in("5m")).await.unwrap();
    oban.insert_all([Act::job("b", Scene::Complete).queue("other"), Act::job("c", Scene::Complete)])
        .await
        .unwrap();
    assert_enqueued!(oban, act("a"));
    assert_enqueued!(oban, act("a"), priority = 3, tags = ["vip"], meta = { "by": { "id": 7 } },);
    assert_enqueued!(&oban, worker = Act, args = { "name": "a" }, scheduled_in = "5m", max_attempts = 3);
    assert_enqueued!(oban, worker = "Act", queue = "other", state = JobState::Available);
    refute_enqueued!(oban, act("d"));
    refute_enqueued!(oban, act("a"), queue = "other");
    refute_enqueued!(oban, worker = Act, args = { "name": "a" }, scheduled_in = "6m");
    assert_enqueued!(oban, act("a"), scheduled_in = "6m", within = "1m");
    refute_enqueued!(oban, tags = ["vip", "old"]);
    let all = all_enqueued!(oban);
    assert!(all.len() == 3 && all[0].id > all[1].id && all[1].id > all[2].id, "newest first");
    assert_enqueued!(all, act("a"), scheduled_at = all[2].scheduled_at);
    assert_eq!(all_enqueued!(oban, queue = "default").len(), 2);
    oban.drain_queue("default").await.unwrap();
    refute_enqueued!(oban, act("c"));
}

pub async fn waits_for_what_is_not_enqueued_yet(c: Cluster) {
    let oban = start(&c, Testing::Manual).await;
    let (waiting, inserting) = (oban.clone(), oban.clone());
    let waits = async move {
        assert_enqueued!(waiting, worker = Act, queue = "late", timeout = "20s");
    };
    let inserts = async move {
        tokio::task::yield_now().await;
        inserting.insert(Act::job("a", Scene::Complete).queue("late").schedule_in("1h")).await.unwrap();
    };
    tokio::join!(waits, inserts);
    let mut failing = JoinSet::new();
    let looking = oban.clone();
    failing.spawn(async move { refute_enqueued!(looking, queue = "late", timeout = "1h") });
    assert!(failing.join_next().await.unwrap().unwrap_err().is_panic(), "it does not wait when there is one");
    refute_enqueued!(oban, queue = "never", timeout = "30ms");
}
