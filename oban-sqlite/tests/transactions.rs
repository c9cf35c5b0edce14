//! Jobs in the application's own transactions.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, mpsc},
    thread,
    time::Duration,
};

use oban_core::{
    Channel, Clock, Conn, Engine, ErrorKind, Inspect, JobFilter, JobState, NewJob, Notice, Notifier, Oban,
    Testing, Unique,
};
use oban_sqlite::{
    InsertTx, InspectTx, Sqlite,
    rusqlite::{Connection, TransactionBehavior},
};
use oban_testing::{Memory, all_enqueued, assert_enqueued, refute_enqueued};
use serde_json::json;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

fn file() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jobs.db");
    (directory, path)
}

/// An instance that only inserts.
async fn instance(engine: impl Engine) -> Oban {
    Oban::builder(engine).start().await.unwrap()
}

fn connection(path: &Path) -> Connection {
    let conn = Connection::open(path).unwrap();
    conn.execute_batch("CREATE TABLE IF NOT EXISTS users (name TEXT)").unwrap();
    conn
}

fn job(queue: &str) -> NewJob {
    NewJob::new("SendWelcome", json!({ "user_id": 1 })).queue(queue)
}

#[tokio::test]
async fn jobs_live_and_die_with_the_transaction() {
    let (_directory, path) = file();
    let engine = Sqlite::open(&path).await.unwrap();
    let oban = instance(engine.clone()).await;
    let mut conn = connection(&path);

    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    tx.execute("INSERT INTO users VALUES ('gone')", []).unwrap();
    oban.insert_tx(&tx, job("mailers")).unwrap();
    tx.rollback().unwrap();
    assert_eq!(engine.list_jobs(&JobFilter::all()).await.unwrap(), []);

    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    tx.execute("INSERT INTO users VALUES ('kept')", []).unwrap();
    let inserted = oban.insert_tx(&tx, job("mailers").tag("new")).unwrap();
    let more = oban.insert_all_tx(&tx, [job("a"), job("b").schedule_in("5m")]).unwrap();
    assert_eq!(engine.list_jobs(&JobFilter::all()).await.unwrap(), [], "visible before the commit");
    tx.commit().unwrap();

    let mut returned = vec![inserted.job];
    returned.extend(more.into_iter().map(|inserted| inserted.job));
    assert_eq!(engine.list_jobs(&JobFilter::all()).await.unwrap(), returned);
    assert_eq!(returned[2].state, JobState::Scheduled);
    let users: Vec<String> = conn
        .prepare("SELECT name FROM users")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(users, ["kept"]);
}

#[tokio::test]
async fn only_a_commit_is_announced() {
    let (_directory, path) = file();
    let engine = Sqlite::open(&path).await.unwrap();
    let oban = instance(engine.clone()).await;
    let mut subscription = engine.listen(&[Channel::Insert]);
    let shutdown = CancellationToken::new();
    let mut relay = tokio::task::JoinSet::new();
    let (runner, stop) = (engine.clone(), shutdown.clone());
    relay.spawn(async move { runner.run(stop).await });
    // Heard once the relay runs.
    while tokio::time::timeout(std::time::Duration::from_millis(100), subscription.next()).await.is_err() {
        engine.notify(Channel::Insert, &[json!({ "queue": "probe" })]).await.unwrap();
    }

    let mut conn = connection(&path);
    let tx = conn.transaction().unwrap();
    oban.insert_tx(&tx, job("undone")).unwrap();
    tx.rollback().unwrap();
    let tx = conn.transaction().unwrap();
    oban.insert_tx(&tx, job("done")).unwrap();
    tx.commit().unwrap();

    let mut heard = Vec::new();
    while heard.last().is_none_or(|queue| queue != "done") {
        let notice = subscription.next().await.unwrap();
        assert_ne!(notice, Notice::Missed);
        heard.extend(notice.text("queue").map(str::to_owned));
    }
    heard.retain(|queue| queue != "probe");
    assert_eq!(heard, ["done"]);
    shutdown.cancel();
    relay.join_next().await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn bad_jobs_and_wrong_stores_are_refused_before_anything_is_written() {
    let (directory, path) = file();
    let oban = instance(Sqlite::open(&path).await.unwrap()).await;
    let mut conn = connection(&path);
    let tx = conn.transaction().unwrap();

    let error = oban.insert_all_tx(&tx, [job("a"), job("b").priority(10)]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("priority 10"), "{error}");

    let mut elsewhere = connection(&directory.path().join("other.db"));
    let error = oban.insert_tx(&elsewhere.transaction().unwrap(), job("a")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("other.db"), "{error}");

    let in_memory = instance(Memory::with_clock(Clock::store())).await;
    let error = in_memory.insert_tx(&tx, job("a")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("memory") && error.to_string().contains("sqlite"), "{error}");

    let count: i64 = tx.query_row("SELECT count(*) FROM oban_jobs", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 0);
}

#[tokio::test]
async fn a_file_is_the_same_by_every_name() {
    let (directory, path) = file();
    let oban = instance(Sqlite::open(directory.path().join(".").join("jobs.db")).await.unwrap()).await;
    let mut conn = connection(&path);
    let tx = conn.transaction().unwrap();
    oban.insert_tx(&tx, job("a")).unwrap();
    tx.commit().unwrap();
}

#[tokio::test]
async fn a_reader_that_turns_writer_too_late_learns_the_cure() {
    let (_directory, path) = file();
    let engine = Sqlite::open(&path).await.unwrap();
    let oban = instance(engine.clone()).await;
    let mut conn = connection(&path);
    let tx = conn.transaction().unwrap();
    let _: i64 = tx.query_row("SELECT count(*) FROM users", [], |row| row.get(0)).unwrap();
    engine.insert_jobs(None, vec![job("a")]).await.unwrap();

    let error = oban.insert_tx(&tx, job("b")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Contended);
    assert!(error.to_string().contains("Immediate"), "{error}");
}

/// Who comes second waits for the file, and stores its job only if the first did not.
#[tokio::test]
async fn unique_jobs_see_the_transaction_before_them() {
    let (_directory, path) = file();
    let oban = instance(Sqlite::open(&path).await.unwrap()).await;
    let unique = || job("mailers").unique(Unique::forever());
    let mut conn = connection(&path);
    for commits in [false, true] {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        let first = oban.insert_tx(&tx, unique()).unwrap();
        let again = oban.insert_tx(&tx, unique()).unwrap();
        assert_eq!((first.conflict, again.conflict, again.id), (false, true, first.id));
        // Its call is with the writer once it was polled, and cannot begin before this transaction has ended.
        let mut second = std::pin::pin!(oban.insert(unique()));
        assert!(is_pending(second.as_mut()).await);
        if commits { tx.commit() } else { tx.rollback() }.unwrap();
        let second = second.await.unwrap();
        assert_eq!(second.conflict, commits);
        let jobs = oban.jobs(JobFilter::all()).await.unwrap();
        assert_eq!(jobs, [second.job]);
        oban.delete_all(JobFilter::all()).await.unwrap();
    }
}

/// Whether a call has not ended after its first poll.
async fn is_pending(mut call: std::pin::Pin<&mut impl Future>) -> bool {
    std::future::poll_fn(|context| std::task::Poll::Ready(call.as_mut().poll(context).is_pending())).await
}

/// A look for duplicates comes before the first write, and who reads first is refused instead of asked to wait.
#[tokio::test]
async fn a_unique_job_that_begins_a_transaction_waits_for_the_file() {
    static ASKED: Mutex<Option<mpsc::Sender<()>>> = Mutex::new(None);
    let (_directory, path) = file();
    let oban = instance(Sqlite::open(&path).await.unwrap()).await;
    let unique = || job("mailers").unique(Unique::forever());
    let mut holder = connection(&path);
    let (asked, is_asked) = mpsc::channel();
    *ASKED.lock().unwrap() = Some(asked);
    let mut conn = connection(&path);
    conn.busy_handler(Some(|times| {
        thread::yield_now();
        ASKED.lock().unwrap().as_ref().unwrap().send(()).is_ok() && times < 100_000_000
    }))
    .unwrap();

    let writing = holder.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    let first = oban.insert_tx(&writing, unique()).unwrap();
    let second = thread::spawn({
        let (oban, job) = (oban.clone(), unique());
        move || {
            let tx = conn.transaction().unwrap();
            let inserted = oban.insert_tx(&tx, job).unwrap();
            tx.commit().unwrap();
            inserted
        }
    });
    is_asked.recv_timeout(Duration::from_secs(60)).expect("it waits for the one that writes");
    writing.commit().unwrap();
    let second = second.join().unwrap();
    assert_eq!((second.conflict, second.id), (true, first.id));
}

#[tokio::test]
async fn the_untyped_way_names_the_typed_one() {
    let (_directory, path) = file();
    let engine = Sqlite::open(&path).await.unwrap();
    let mut conn = connection(&path);
    let error = engine.insert_jobs(Some(Conn::new(&mut conn)), vec![job("a")]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("insert_tx"), "{error}");
}

#[tokio::test]
async fn a_test_that_rolls_back_sees_its_own_jobs() {
    let (directory, path) = file();
    let manual = Oban::builder(Sqlite::open(&path).await.unwrap()).testing(Testing::Manual);
    let oban = manual.queue("mailers", 10).start().await.unwrap();
    let mut conn = connection(&path);

    let tx = conn.transaction().unwrap();
    let inserted = oban.insert_tx(&tx, job("mailers").tag("vip").schedule_in("5m")).unwrap();
    let jobs = oban.jobs_tx(&tx, JobFilter::all()).unwrap();
    assert_eq!(jobs, [inserted.job], "read as it was returned");
    assert_enqueued!(jobs, worker = "SendWelcome", args = { "user_id": 1 }, scheduled_in = "5m");
    refute_enqueued!(jobs, args = { "user_id": 2 });
    assert!(all_enqueued!(oban).is_empty(), "nobody else sees it");
    tx.rollback().unwrap();
    refute_enqueued!(oban.jobs_tx(&conn.transaction().unwrap(), JobFilter::all()).unwrap(), tags = ["vip"]);

    let mut elsewhere = connection(&directory.path().join("other.db"));
    let error = oban.jobs_tx(&elsewhere.transaction().unwrap(), JobFilter::all()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn a_job_cannot_run_within_a_blocking_insert() {
    let (_directory, path) = file();
    let inline = Oban::builder(Sqlite::open(&path).await.unwrap()).testing(Testing::Inline);
    let oban = inline.start().await.unwrap();
    let mut conn = connection(&path);
    let tx = conn.transaction().unwrap();
    let error = oban.insert_tx(&tx, job("a")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("Testing::Manual"), "{error}");
    assert_eq!(oban.jobs_tx(&tx, JobFilter::all()).unwrap(), []);
}

/// A transaction that read first may be too late to write. It is told, and stores no duplicate.
#[tokio::test]
async fn a_late_writer_stores_no_duplicate() {
    let (_directory, path) = file();
    let oban = instance(Sqlite::open(&path).await.unwrap()).await;
    let unique = || job("mailers").unique(Unique::forever());
    let mut conn = connection(&path);
    let tx = conn.transaction().unwrap();
    tx.query_row("SELECT count(*) FROM users", [], |_| Ok(())).unwrap();
    oban.insert(unique()).await.unwrap();
    assert_eq!(oban.insert_tx(&tx, unique()).unwrap_err().kind(), ErrorKind::Contended);
    tx.rollback().unwrap();
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    assert!(oban.insert_tx(&tx, unique()).unwrap().conflict);
}
