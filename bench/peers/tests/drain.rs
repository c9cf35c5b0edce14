//! Each peer runs every job it was given, by each way of inserting, and the database shows it.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{env, process, time::Duration};

use harness::{Candidate, Node, System, probe::Target};
use peers::CANDIDATES;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions, query, query_scalar,
};
use tokio::{
    sync::{Mutex, MutexGuard},
    time::{sleep, timeout},
};

const JOBS: usize = 2_000;
const LIMIT: usize = 100;
/// graphile_worker's defaults start a job per worker and second.
const DEADLINE: Duration = Duration::from_secs(120);

#[tokio::test]
async fn apalis_runs_all() {
    runs_all("apalis", "SELECT count(*) FROM apalis.jobs WHERE status = 'Done'", 2_000).await;
}

#[tokio::test]
async fn apalis_tuned_runs_all() {
    runs_all("apalis-tuned", "SELECT count(*) FROM apalis.jobs WHERE status = 'Done'", 2_000).await;
}

#[tokio::test]
async fn graphile_runs_and_deletes_all() {
    runs_all("graphile", "SELECT count(*) FROM graphile_worker._private_jobs", 0).await;
}

#[tokio::test]
async fn graphile_tuned_runs_and_deletes_all() {
    runs_all("graphile-tuned", "SELECT count(*) FROM graphile_worker._private_jobs", 0).await;
}

#[tokio::test]
async fn riverqueue_runs_all() {
    runs_all("riverqueue", "SELECT count(*) FROM river_job WHERE state = 'completed'", 2_000).await;
}

#[tokio::test]
async fn riverqueue_tuned_runs_all() {
    runs_all("riverqueue-tuned", "SELECT count(*) FROM river_job WHERE state = 'completed'", 2_000).await;
}

/// Runs [`JOBS`] jobs, one of them inserted into the idle node, and expects `rows` of `finished` at the end.
async fn runs_all(name: &str, finished: &'static str, rows: i64) {
    let database = Database::create(name).await;
    let system = (candidate(name).open)(database.url()).await.unwrap();
    system.migrate().await.unwrap();
    assert!(system.is_done().await.unwrap(), "nothing was inserted");

    let all = Target::new(JOBS - 1);
    system.insert().await.unwrap();
    system.insert_tx().await.unwrap().unwrap();
    system.insert_bulk(JOBS - 3).await.unwrap();
    assert!(!system.is_done().await.unwrap(), "no node runs");

    let node = system.start(LIMIT).await.unwrap();
    in_time("every job runs", all.reached()).await;
    in_time("the database shows it", done(&*system)).await;

    let woken = Target::new(1);
    system.insert_tx().await.unwrap().unwrap();
    in_time("the idle node runs a job", woken.reached()).await;
    in_time("the database shows that too", done(&*system)).await;

    in_time("the node stops", Node::stop(node)).await.unwrap();
    drop(system);
    assert_eq!(database.count(finished).await, rows);
    database.remove().await;
}

fn candidate(name: &str) -> &'static Candidate {
    CANDIDATES.iter().find(|candidate| candidate.name == name).unwrap()
}

async fn done(system: &dyn System) {
    while !system.is_done().await.unwrap() {
        sleep(Duration::from_millis(10)).await;
    }
}

async fn in_time<T>(what: &str, happens: impl Future<Output = T>) -> T {
    timeout(DEADLINE, happens).await.unwrap_or_else(|_| panic!("within {DEADLINE:?}: {what}"))
}

/// The probe counts for the whole process.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// A database of its own, on the server at OBAN_TEST_POSTGRES_URL. It stays when the test fails.
struct Database {
    name: String,
    server: PgConnection,
    options: PgConnectOptions,
    _alone: MutexGuard<'static, ()>,
}

impl Database {
    async fn create(peer: &str) -> Self {
        let alone = ONE_AT_A_TIME.lock().await;
        let url = env::var("OBAN_TEST_POSTGRES_URL")
            .expect("OBAN_TEST_POSTGRES_URL is not set; `cargo xtask db up` prints the URL of a server");
        let server: PgConnectOptions = url.parse().unwrap();
        let name = format!("{peer}-{}", process::id());
        let options = server.clone().database(&name);
        let mut server = PgConnection::connect_with(&server).await.unwrap();
        query(AssertSqlSafe(format!(r#"CREATE DATABASE "{name}""#))).execute(&mut server).await.unwrap();
        Self { name, server, options, _alone: alone }
    }

    fn url(&self) -> String {
        self.options.to_url_lossy().into()
    }

    async fn count(&self, sql: &'static str) -> i64 {
        let mut conn = PgConnection::connect_with(&self.options).await.unwrap();
        query_scalar(sql).fetch_one(&mut conn).await.unwrap()
    }

    async fn remove(mut self) {
        let statement = format!(r#"DROP DATABASE "{}" WITH (FORCE)"#, self.name);
        query(AssertSqlSafe(statement)).execute(&mut self.server).await.unwrap();
    }
}
