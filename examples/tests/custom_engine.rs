//! The custom engine keeps the contract of engines, and writes down what it is for.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../custom-engine/audited.rs"]
mod audited;
#[path = "../custom-engine/trail.rs"]
mod trail;

use std::{
    fs,
    future::{self, Ready},
};

use oban::{
    Ack, Clock, Engine, Fetch, Finish, JobFilter, NewJob, QueueSpec,
    testing::{Fixture, Memory, conformance},
};
use serde_json::{Value, json};

use audited::Audited;

fn fresh(clock: Clock) -> Ready<Fixture> {
    let folder = tempfile::tempdir().unwrap();
    let memory = Memory::with_clock(clock);
    let node = |name| Audited::new(memory.clone(), folder.path().join(name)).unwrap();
    future::ready(Fixture::new(node("web.1"), node("web.2")).guard(folder))
}

conformance!(fresh);

#[tokio::test]
async fn tells_the_life_of_a_job() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let engine = Audited::new(Memory::new(), file.path()).unwrap();
    let job = NewJob::new("Greet", json!({"name": "Ada"}));
    engine.insert_jobs(None, vec![job.clone(), job]).await.unwrap();
    let queue = engine.init_queue(&spec()).await.unwrap();
    let fetched =
        engine.fetch_jobs(Fetch { queue: &queue, demand: 1, after: None, acks: &[] }).await.unwrap();
    let acks = [Ack::of(&fetched.jobs[0], Finish::Complete { recorded: None })];
    engine.ack_jobs(&acks).await.unwrap();
    // Taken once, so told once.
    engine.ack_jobs(&acks).await.unwrap();
    engine.cancel_jobs(&JobFilter::all()).await.unwrap();
    engine.delete_jobs(&JobFilter::id(1)).await.unwrap();

    let lines: Vec<Value> = fs::read_to_string(&file)
        .unwrap()
        .lines()
        .map(|line| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            assert!(line.as_object_mut().unwrap().remove("at").is_some_and(|at| at.is_string()));
            line
        })
        .collect();
    assert_eq!(
        lines,
        [
            json!({"operation": "insert", "job": 1, "after": "available"}),
            json!({"operation": "insert", "job": 2, "after": "available"}),
            json!({"operation": "fetch", "job": 1, "before": "available", "after": "executing"}),
            json!({"operation": "ack", "job": 1, "before": "executing", "after": "completed"}),
            json!({"operation": "cancel", "job": 2, "before": "available", "after": "cancelled"}),
            json!({"operation": "delete", "job": 1, "before": "completed"}),
        ]
    );
}

fn spec() -> QueueSpec {
    let (instance, node, queue) = ("Oban".to_owned(), "web.1".to_owned(), "default".to_owned());
    QueueSpec { instance, node, queue, limit: 10, paused: false }
}
