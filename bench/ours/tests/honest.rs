//! The bare loops leave every row as `oban` leaves it. Otherwise they would be fast at something else.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::env;

use harness::{Candidate, Engine, System};
use ours::CANDIDATES;
use rusqlite::Connection;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

/// More than some batches, and no multiple of one.
const JOBS: usize = 537;
const LIMIT: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn postgres_rows_end_alike() {
    let server = env::var("OBAN_TEST_POSTGRES_URL")
        .expect("OBAN_TEST_POSTGRES_URL names no server; `cargo xtask ci` starts one");
    let mut rows = Vec::new();
    for system in ["oban", "raw"] {
        let database = format!("honest_{}_{system}", std::process::id());
        execute(&server, &format!("CREATE DATABASE {database}")).await;
        let url = format!("{}/{database}", server.rsplit_once('/').unwrap().0);
        drain(candidate(system, Engine::Postgres), &url).await;
        let mut conn = PgConnection::connect(&url).await.unwrap();
        let row: Vec<String> =
            sqlx::query_scalar(include_str!("postgres_rows.sql")).fetch_all(&mut conn).await.unwrap();
        rows.push(row);
        conn.close().await.unwrap();
        execute(&server, &format!("DROP DATABASE {database} WITH (FORCE)")).await;
    }
    compare(&rows[0], &rows[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_rows_end_alike() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = Vec::new();
    for system in ["oban", "raw"] {
        let path = folder.path().join(system);
        drain(candidate(system, Engine::Sqlite), path.to_str().unwrap()).await;
        let conn = Connection::open(&path).unwrap();
        let mut statement = conn.prepare(include_str!("sqlite_rows.sql")).unwrap();
        let row: Vec<String> =
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        rows.push(row);
    }
    compare(&rows[0], &rows[1]);
}

fn candidate(name: &str, engine: Engine) -> &'static Candidate {
    CANDIDATES.iter().find(|candidate| candidate.name == name && candidate.engine == engine).unwrap()
}

/// Inserts jobs in each of the ways there are, and runs them.
async fn drain(candidate: &Candidate, url: &str) {
    let system: Box<dyn System> = (candidate.open)(url.to_owned()).await.unwrap();
    system.migrate().await.unwrap();
    system.insert().await.unwrap();
    system.insert_tx().await.unwrap().unwrap();
    system.insert_bulk(JOBS).await.unwrap();
    let node = system.start(LIMIT).await.unwrap();
    while !system.is_done().await.unwrap() {
        tokio::task::yield_now().await;
    }
    node.stop().await.unwrap();
}

fn compare(oban: &[String], raw: &[String]) {
    assert_eq!(oban.len(), JOBS + 2);
    assert!(oban.iter().all(|row| row.contains("completed")), "{:?}", oban.first());
    for (ours, theirs) in oban.iter().zip(raw) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(raw.len(), oban.len());
}

async fn execute(url: &str, statement: &str) {
    let mut conn = PgConnection::connect(url).await.unwrap();
    sqlx::query(AssertSqlSafe(statement)).execute(&mut conn).await.unwrap();
}
