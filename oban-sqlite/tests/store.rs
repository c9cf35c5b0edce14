//! What is particular to a file: other writers' rows, locks, threads, a clock that stands still.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{path::PathBuf, sync::Arc, time::Duration};

use oban_core::{
    Ack, Engine, ErrorKind, Fetch, Finish, Inspect, Job, JobFilter, JobState, NewJob, QueueMeta, QueueSpec,
    Stage,
};
use oban_sqlite::{Sqlite, rusqlite::Connection};
use serde_json::json;
use tempfile::TempDir;

fn file() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jobs.db");
    (directory, path)
}

async fn producer(engine: &Sqlite) -> QueueMeta {
    let spec = QueueSpec {
        instance: "Oban".to_owned(),
        node: "node".to_owned(),
        queue: "default".to_owned(),
        limit: 10,
        paused: false,
    };
    engine.init_queue(&spec).await.unwrap()
}

async fn fetch(engine: &Sqlite, meta: &QueueMeta) -> Vec<Arc<Job>> {
    engine.fetch_jobs(Fetch { queue: meta, demand: 10, after: None, acks: &[] }).await.unwrap().jobs
}

fn job() -> NewJob {
    NewJob::new("Worker", json!({}))
}

#[tokio::test]
async fn executions_in_quick_succession_differ() {
    let (_directory, path) = file();
    let engine = Sqlite::open(&path).await.unwrap();
    let meta = producer(&engine).await;
    engine.insert_jobs(None, vec![job()]).await.unwrap();

    let mut seen: Vec<Ack> = Vec::new();
    let mut acks = Vec::new();
    for _ in 0..100 {
        let fetched =
            engine.fetch_jobs(Fetch { queue: &meta, demand: 1, after: None, acks: &acks }).await.unwrap();
        // Handed back, it runs again under the same attempt.
        let job = &fetched.jobs[0];
        assert_eq!(job.attempt, 1);
        assert_eq!(engine.ack_jobs(&seen).await.unwrap(), [], "an ack of an earlier run was taken");
        acks = vec![Ack::of(job, Finish::HandBack)];
        seen.extend(acks.clone());
    }
}

#[tokio::test]
async fn a_broken_row_spoils_only_itself() {
    let (_directory, path) = file();
    let engine = Sqlite::open(&path).await.unwrap();
    let meta = producer(&engine).await;
    Connection::open(&path)
        .unwrap()
        .execute_batch(
            "PRAGMA ignore_check_constraints = ON;
             INSERT INTO oban_jobs (worker, args, meta, tags, errors, attempted_by, inserted_at, scheduled_at)
             VALUES ('Broken', 'no json', '{', '{}', 'x', '', 'yesterday', '');
             INSERT INTO oban_jobs (worker, scheduled_at) VALUES ('Foreign', '2026-01-01 00:00:00');
             INSERT INTO oban_jobs (worker, state) VALUES ('Unknown', 'dreaming');",
        )
        .unwrap();
    engine.insert_jobs(None, vec![job()]).await.unwrap();

    let jobs = fetch(&engine, &meta).await;
    let workers: Vec<&str> = jobs.iter().map(|job| job.worker.as_str()).collect();
    assert_eq!(workers, ["Broken", "Foreign", "Worker"]);
    assert_eq!(jobs[0].args, json!("no json"));
    let retry = Finish::Retry { delay: Duration::ZERO, error: "args are no object".to_owned() };
    let acks: Vec<Ack> = jobs.iter().map(|job| Ack::of(job, retry.clone())).collect();
    assert_eq!(engine.ack_jobs(&acks).await.unwrap().len(), 3);
    engine.stage_jobs(Stage { limit: 10, queues: &[] }).await.unwrap();
    let acks: Vec<Ack> =
        fetch(&engine, &meta).await.iter().map(|job| Ack::of(job, Finish::HandBack)).collect();
    assert_eq!(engine.ack_jobs(&acks).await.unwrap().len(), 3);

    let jobs = engine.list_jobs(&JobFilter::all()).await.unwrap();
    let kept: Vec<_> = jobs.iter().map(|job| (job.errors.len(), job.meta.get("interrupted"))).collect();
    assert_eq!(kept, vec![(1, Some(&json!(1))); 3]);
}

#[tokio::test]
async fn a_lock_that_stays_is_contention_and_one_that_goes_is_waited_for() {
    let (_directory, path) = file();
    let engine = Sqlite::builder(&path).busy_timeout(Duration::from_millis(20)).open().await.unwrap();
    let patient = Sqlite::open(&path).await.unwrap();
    let holder = Connection::open(&path).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();

    let error = engine.insert_jobs(None, vec![job()]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Contended);
    // People can look while someone writes.
    assert_eq!(engine.list_jobs(&JobFilter::all()).await.unwrap(), []);

    let release = async {
        tokio::task::yield_now().await;
        holder.execute_batch("ROLLBACK").unwrap();
    };
    let (inserted, ()) = tokio::join!(patient.insert_jobs(None, vec![job()]), release);
    inserted.unwrap();
    assert_eq!(engine.list_jobs(&JobFilter::all()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_dropped_call_takes_effect_as_a_whole() {
    let (_directory, path) = file();
    let engine = Sqlite::open(&path).await.unwrap();
    {
        let mut call = std::pin::pin!(engine.insert_jobs(None, (0..100).map(|_| job()).collect()));
        let first =
            std::future::poll_fn(|context| std::task::Poll::Ready(call.as_mut().poll(context).is_ready()));
        first.await;
    }
    // Behind the dropped call in the writer's line.
    engine.insert_jobs(None, vec![job()]).await.unwrap();
    assert_eq!(engine.list_jobs(&JobFilter::all()).await.unwrap().len(), 101);
}

#[test]
fn serves_callers_of_several_runtimes() {
    let (_directory, path) = file();
    let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    let engine = runtime().block_on(Sqlite::open(&path)).unwrap();
    runtime().block_on(engine.insert_jobs(None, vec![job()])).unwrap();
    let jobs = runtime().block_on(engine.list_jobs(&JobFilter::all().state(JobState::Available))).unwrap();
    assert_eq!(jobs.len(), 1);
}
