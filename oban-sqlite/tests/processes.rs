//! Several processes on one file. The other processes are this test binary, started with a role.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and its processes talk through stdout"
)]

use std::{
    collections::BTreeMap,
    env,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use oban_core::{
    Ack, Channel, Engine, Fetch, Finish, Inspect, JobFilter, JobState, NewJob, Notice, Notifier, QueueSpec,
    Rescue, Stage, Unique,
};
use oban_sqlite::{Sqlite, rusqlite::Connection};
use serde_json::json;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

const FILE: &str = "OBAN_SQLITE_TEST_FILE";
const ROLE: &str = "OBAN_SQLITE_TEST_ROLE";
const PATIENCE: Duration = Duration::from_secs(60);
/// How many jobs each process inserts.
const SHARE: usize = 500;
/// How many unique jobs all processes insert.
const UNIQUE: usize = 100;

#[tokio::test]
async fn every_job_runs_once_and_nobody_is_ever_turned_away() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jobs.db");
    // Nobody has opened the file before, so they race to make it as well.
    let children = [start("hammer", &path), start("hammer", &path), start("hammer", &path)];

    let mut runs: BTreeMap<i64, usize> = BTreeMap::new();
    let mut busy = 0;
    for mut child in children {
        let mut own = 0;
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            if let Some(id) = line.unwrap().strip_prefix("ran ") {
                *runs.entry(id.parse().unwrap()).or_default() += 1;
                own += 1;
            }
        }
        assert!(child.wait().unwrap().success());
        busy += usize::from(own > 0);
    }
    assert_eq!(runs.len(), 3 * SHARE);
    assert!(runs.values().all(|count| *count == 1), "some jobs ran twice");
    assert!(busy > 1, "one process did everything, so nothing was tested");

    let engine = Sqlite::open(&path).await.unwrap();
    let jobs = engine.list_jobs(&JobFilter::all()).await.unwrap();
    assert_eq!(jobs.len(), 3 * SHARE);
    assert!(jobs.iter().all(|job| job.state == JobState::Completed && job.attempt == 1));
}

#[tokio::test]
async fn a_unique_job_is_stored_by_one_process() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jobs.db");
    let mut children = ["unique 0", "unique 1", "unique 2"].map(|role| start(role, &path));
    let mut outputs = Vec::new();
    let mut stored: Vec<usize> = Vec::new();
    for child in &mut children {
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        stored.push(lines.by_ref().take_while(|line| line != "begun").filter(|line| is_stored(line)).count());
        outputs.push(lines);
    }
    assert_eq!(stored, [UNIQUE / 10; 3], "no other process inserts its first tenth before it");
    for child in &mut children {
        writeln!(child.stdin.take().unwrap(), "go on").unwrap();
    }
    for ((child, lines), stored) in children.iter_mut().zip(outputs).zip(&mut stored) {
        *stored += lines.filter(|line| is_stored(line)).count();
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(stored.iter().sum::<usize>(), UNIQUE, "{stored:?}");

    let engine = Sqlite::open(&path).await.unwrap();
    let jobs = engine.list_jobs(&JobFilter::all()).await.unwrap();
    let mut numbers: Vec<_> = jobs.iter().map(|job| job.args["n"].as_u64()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..UNIQUE as u64).map(Some).collect::<Vec<_>>());
}

fn is_stored(line: &str) -> bool {
    line.starts_with("stored ")
}

#[tokio::test]
async fn hints_cross_processes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jobs.db");
    let engine = Sqlite::open(&path).await.unwrap();
    let mut subscription = engine.listen(&[Channel::Insert]);
    let shutdown = CancellationToken::new();
    let mut relay = tokio::task::JoinSet::new();
    let (runner, stop) = (engine.clone(), shutdown.clone());
    relay.spawn(async move { runner.run(stop).await });

    let mut child = start("insert", &path);
    let heard = timeout(PATIENCE, async {
        loop {
            // What came before the notifier ran may have been missed.
            if let Notice::Hint { payload, .. } = subscription.next().await.unwrap() {
                return payload["queue"].clone();
            }
        }
    });
    assert_eq!(heard.await.expect("a hint comes"), "from-afar");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn a_killed_writer_leaves_a_sound_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jobs.db");
    let mut child = start("insert", &path);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("inserted")), "the child inserts");
    child.kill().unwrap();
    child.wait().unwrap();

    let engine = Sqlite::open(&path).await.unwrap();
    let before = engine.list_jobs(&JobFilter::all()).await.unwrap().len();
    assert_eq!(before % 50, 0, "a batch was torn");
    engine.insert_jobs(None, vec![NewJob::new("Worker", json!({}))]).await.unwrap();
    let verdict: String =
        Connection::open(&path).unwrap().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
}

fn start(role: &str, path: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "other_process", "--nocapture"])
        .stdin(Stdio::piped())
        .env(ROLE, role)
        .env(FILE, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What a process with a role does. The process that starts the others has none.
#[tokio::test]
async fn other_process() {
    let Ok(role) = env::var(ROLE) else { return };
    let engine = Sqlite::open(PathBuf::from(env::var_os(FILE).unwrap())).await.unwrap();
    match role.as_str() {
        "hammer" => hammer(engine).await,
        "insert" => insert(engine).await,
        "unique 0" => insert_unique(engine, 0).await,
        "unique 1" => insert_unique(engine, UNIQUE / 3).await,
        "unique 2" => insert_unique(engine, 2 * UNIQUE / 3).await,
        role => panic!("unknown role {role}"),
    }
}

/// Inserts and runs jobs at once, until all of all processes are done. Any error ends it.
async fn hammer(engine: Sqlite) {
    let inserts = async {
        for _ in 0..SHARE {
            engine.insert_jobs(None, vec![NewJob::new("Worker", json!({}))]).await.unwrap();
        }
    };
    tokio::join!(inserts, run(&engine));
}

async fn run(engine: &Sqlite) {
    let spec = QueueSpec {
        instance: "Oban".to_owned(),
        node: format!("process-{}", std::process::id()),
        queue: "default".to_owned(),
        limit: 7,
        paused: false,
    };
    let meta = engine.init_queue(&spec).await.unwrap();
    let mut acks = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let fetched =
            engine.fetch_jobs(Fetch { queue: &meta, demand: 7, after: None, acks: &acks }).await.unwrap();
        assert_eq!(fetched.acked.len(), acks.len(), "an ack was refused");
        acks = fetched.jobs.iter().map(|job| Ack::of(job, Finish::Complete { recorded: None })).collect();
        for job in &fetched.jobs {
            println!("ran {}", job.id);
        }
        engine.refresh_queues(std::slice::from_ref(&meta)).await.unwrap();
        engine.stage_jobs(Stage { limit: 10, queues: &[] }).await.unwrap();
        engine
            .rescue_jobs(Rescue { stale_after: PATIENCE, rescue_after: PATIENCE, limit: 10 })
            .await
            .unwrap();
        if acks.is_empty() && completed(engine).await == 3 * SHARE {
            return;
        }
        assert!(Instant::now() < deadline, "{} jobs are done by now", completed(engine).await);
    }
}

async fn completed(engine: &Sqlite) -> usize {
    let completed = JobFilter::all().state(JobState::Completed);
    engine.count_jobs(&completed).await.unwrap().first().map_or(0, |count| count.count.try_into().unwrap())
}

/// Inserts the jobs that the other processes insert too, beginning at one of them, and says which it stored. It waits
/// after the first tenth, so that all processes do the rest at once.
async fn insert_unique(engine: Sqlite, first: usize) {
    for step in 0..UNIQUE {
        if step == UNIQUE / 10 {
            println!("begun");
            std::io::stdin().read_line(&mut String::new()).unwrap();
        }
        let job = NewJob::new("Worker", json!({ "n": (first + step) % UNIQUE })).unique(Unique::forever());
        let inserted = engine.insert_jobs(None, vec![job]).await.unwrap().remove(0);
        if !inserted.conflict {
            println!("stored {}", inserted.id);
        }
    }
}

/// Inserts batches for ever.
async fn insert(engine: Sqlite) {
    loop {
        let jobs = (0..50).map(|n| NewJob::new("Worker", json!({ "n": n })).queue("from-afar")).collect();
        engine.insert_jobs(None, jobs).await.unwrap();
        println!("inserted");
    }
}
