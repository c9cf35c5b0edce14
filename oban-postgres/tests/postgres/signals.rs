//! Commands between nodes, in the bytes that nodes of other languages send and obey.

use std::{future::Future, time::Duration};

use oban_core::{Engine, Fetch, JobState, Migrate, NewJob, Oban, QueueInfo, Scope, SonarStatus};
use oban_postgres::Postgres;
use serde_json::{Value, json};
use sqlx::{PgPool, postgres::PgListener};
use tokio::time::{Instant, sleep, timeout};

use crate::support::{Database, register};

const ELIXIR: &str = include_str!("../fixtures/elixir-notifications.jsonl");
const PYTHON: &str = include_str!("../fixtures/python-notifications.jsonl");
const PATIENCE: Duration = Duration::from_secs(20);

/// What was captured on the channel for signals, as it was sent.
fn captured(file: &str) -> Vec<String> {
    let lines = file.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let signals = lines.filter(|line| line["channel"] == "public.oban_signal");
    signals.map(|line| line["payload"].as_str().unwrap().to_owned()).collect()
}

async fn eventually<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain");
        sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until a queue is as expected.
async fn becomes(oban: &Oban, queue: &str, is_so: impl Fn(&QueueInfo) -> bool) {
    eventually(async || oban.check_queue(queue).await.ok().filter(|info| is_so(info))).await;
}

fn hears<'a>(oban: &'a Oban, status: SonarStatus) -> impl Future<Output = ()> + 'a {
    eventually(async move || (oban.sonar() == status).then_some(()))
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_sent_in_the_bytes_of_elixir() {
    let database = Database::migrated().await;
    let mut listener = PgListener::connect_with(&database.pool()).await.unwrap();
    listener.listen("public.oban_signal").await.unwrap();
    let postgres = Postgres::new(database.pool());
    let oban = Oban::builder(postgres.clone()).node("ex1").start().await.unwrap();
    let other = ("other", Scope::Node("ex1"));
    oban.pause_queue("default").await.unwrap();
    oban.resume_queue("default").await.unwrap();
    oban.pause_queue(other).await.unwrap();
    oban.resume_queue(other).await.unwrap();
    oban.scale_queue("default", 3).await.unwrap();
    oban.scale_queue(other, 7).await.unwrap();
    oban.pause_all_queues(Scope::All).await.unwrap();
    oban.resume_all_queues(Scope::All).await.unwrap();
    oban.start_queue("third", 2).await.unwrap();
    oban.stop_queue("third").await.unwrap();
    let running = execute(&postgres).await;
    oban.cancel_job(running).await.unwrap();

    let expected = captured(ELIXIR).into_iter().filter(|payload| payload.starts_with('{'));
    let expected: Vec<String> =
        expected.map(|payload| payload.replace(":14}", &format!(":{running}}}"))).collect();
    assert_eq!(expected.len(), 11);
    for expected in expected {
        let heard = timeout(PATIENCE, listener.recv()).await.unwrap().unwrap();
        assert_eq!(heard.payload(), expected);
    }
    oban.stop().await.unwrap();
}

/// A job that runs on a node which is gone.
async fn execute(postgres: &Postgres) -> i64 {
    let producer = register(postgres, "gone").await;
    let job = postgres.insert_jobs(None, vec![NewJob::new("Greet", json!({}))]).await.unwrap().remove(0);
    let fetch = Fetch { queue: &producer, demand: 1, after: None, acks: &[] };
    assert_eq!(postgres.fetch_jobs(fetch).await.unwrap().jobs[0].state, JobState::Executing);
    job.id.0
}

async fn send(pool: &PgPool, channel: &str, payload: &str) {
    sqlx::query("SELECT pg_notify($1, $2)").bind(channel).bind(payload).execute(pool).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_captured_from_other_languages_are_obeyed() {
    let database = Database::migrated().await;
    let pool = database.pool();
    for (file, name, queue) in [(ELIXIR, "ex1", "default"), (PYTHON, "node.b", "alpha")] {
        let node = Oban::builder(Postgres::new(pool.clone())).node(name);
        let oban = node.queue(queue, 1).queue("other", 1).start().await.unwrap();
        eventually(async || (oban.sonar() != SonarStatus::Unknown).then_some(())).await;
        let mut obeyed = 0;
        for payload in captured(file) {
            send(&pool, "public.oban_signal", &payload).await;
            obeyed += usize::from(obeys(&oban, &decoded(file, &payload)).await);
        }
        assert!(obeyed >= 6, "only {obeyed} were obeyed");
        assert_eq!(oban.check_all_queues().await.unwrap().len(), 2, "others were started and stopped");
        oban.stop().await.unwrap();
    }
}

fn decoded(file: &str, payload: &str) -> Value {
    let mut lines = file.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.find(|line| line["payload"] == payload).unwrap()["decoded"].clone()
}

/// Waits until a command has had its effect. Whether it has one on this node.
async fn obeys(oban: &Oban, signal: &Value) -> bool {
    let queue = signal["queue"].as_str().unwrap_or_default();
    let ident = signal["ident"].as_str().unwrap_or("any");
    if ident != "any" && ident != format!("Oban.{}", oban.node()) {
        return false;
    }
    let named = if queue == "*" { "other" } else { queue };
    match signal["action"].as_str().unwrap() {
        "pause" => becomes(oban, named, |info| info.paused).await,
        "resume" => becomes(oban, named, |info| !info.paused).await,
        "scale" => {
            let limit = usize::try_from(signal["limit"].as_u64().unwrap()).unwrap();
            becomes(oban, named, |info| info.limit == limit).await;
        }
        "start" => becomes(oban, named, |_| true).await,
        "stop" => eventually(async || oban.check_queue(named).await.err().map(|_| ())).await,
        _ => return false,
    }
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn schemas_do_not_disturb_each_other() {
    let database = Database::migrated().await;
    let here = Postgres::new(database.pool());
    let there = Postgres::new(database.pool()).prefix("there").unwrap();
    there.migrate_up(there.latest_version()).await.unwrap();
    // Two instances of one name, on one pool's database, in one process.
    let start =
        |postgres: &Postgres| Oban::builder(postgres.clone()).node("web.1").queue("default", 1).start();
    let (one, other) = tokio::try_join!(start(&here), start(&there)).unwrap();
    for oban in [&one, &other] {
        hears(oban, SonarStatus::Solitary).await;
        eventually(async || oban.is_leader().then_some(())).await;
    }
    one.pause_queue("default").await.unwrap();
    one.scale_queue("default", 4).await.unwrap();
    other.scale_queue("default", 5).await.unwrap();
    let job = one.insert(NewJob::new("Greet", json!({}))).await.unwrap();
    assert!(other.get_job(job.id).await.unwrap().is_none());
    // Sent to the other's schema behind all that; what was heard before has been obeyed.
    send(&database.pool(), "there.oban_signal", r#"{"action":"scale","limit":6,"queue":"default"}"#).await;
    becomes(&other, "default", |info| info.limit == 6 && !info.paused).await;
    becomes(&one, "default", |info| info.limit == 4 && info.paused).await;
    assert_eq!((one.sonar(), other.sonar()), (SonarStatus::Solitary, SonarStatus::Solitary));
    tokio::try_join!(one.stop(), other.stop()).unwrap();
}
