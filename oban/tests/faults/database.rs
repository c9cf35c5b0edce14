//! A database for each test, and what the tests ask it.

use std::{env, thread};

use oban::{Inserted, JobState, NewJob, Oban, postgres::Postgres};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, PgPool, Row,
    postgres::{PgConnectOptions, PgPoolOptions, PgRow},
};
use tokio::runtime;

use crate::wait::eventually;

/// A database with the latest schema, dropped with the value.
pub(crate) struct Database {
    server: PgConnectOptions,
    name: String,
    /// For the test's own questions.
    pub(crate) pool: PgPool,
}

impl Database {
    /// On the server that all tests share.
    pub(crate) async fn migrated() -> Self {
        let database = Self::empty().await;
        Postgres::new(database.pool.clone()).migrate().await.unwrap();
        database
    }

    /// With nothing in it.
    pub(crate) async fn empty() -> Self {
        Self::empty_on(shared_server()).await
    }

    /// On a server of the test's own.
    pub(crate) async fn migrated_on(server: PgConnectOptions) -> Self {
        let database = Self::empty_on(server).await;
        Postgres::new(database.pool.clone()).migrate().await.unwrap();
        database
    }

    async fn empty_on(server: PgConnectOptions) -> Self {
        static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("oban_faults_{}_{count}", std::process::id());
        execute(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        execute(&server, &format!("CREATE DATABASE {name}")).await;
        let options = server.clone().database(&name).application_name("test");
        Self { server, name, pool: PgPoolOptions::new().max_connections(5).connect_lazy_with(options) }
    }

    /// How others connect.
    pub(crate) fn url(&self) -> String {
        self.server.clone().database(&self.name).to_url_lossy().to_string()
    }

    /// How others connect through something that listens on `port` of this machine.
    pub(crate) fn url_through(&self, port: u16) -> String {
        let options = self.server.clone().host("127.0.0.1").port(port);
        options.database(&self.name).to_url_lossy().to_string()
    }

    /// Where the server is.
    pub(crate) fn address(&self) -> (String, u16) {
        (self.server.get_host().to_owned(), self.server.get_port())
    }

    /// Connects to another database of the server and says something about this one, written `{name}`.
    pub(crate) async fn administer(&self, statement: &str) {
        execute(&self.server, &statement.replace("{name}", &self.name)).await;
    }

    /// How many transactions there were in this database since it was made. Closes the test's own connections, as
    /// backends hand in their counts late, but do when they end.
    pub(crate) async fn transactions(&self) -> i64 {
        self.pool.close().await;
        let mut conn = PgConnection::connect_with(&self.server).await.expect("the server answers");
        loop {
            let counts = sqlx::query(
                "SELECT (SELECT count(*) FROM pg_stat_activity WHERE datname = $1),
                        (SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = $1)",
            );
            let counts = counts.bind(&self.name).fetch_one(&mut conn).await.unwrap();
            if counts.get::<i64, _>(0) == 0 {
                return counts.get(1);
            }
        }
    }

    /// An instance that inserts and operates, and runs nothing.
    pub(crate) async fn operator(&self) -> Oban {
        Oban::builder(Postgres::new(self.pool.clone())).start().await.unwrap()
    }

    /// Inserts jobs in bulk.
    pub(crate) async fn insert<J: Into<NewJob>>(&self, jobs: impl IntoIterator<Item = J>) -> Vec<Inserted> {
        self.operator().await.insert_all(jobs).await.unwrap()
    }

    /// Runs a statement that is not worth a file.
    pub(crate) async fn run(&self, text: &str) -> Vec<PgRow> {
        let rows = sqlx::query(AssertSqlSafe(text.to_owned())).fetch_all(&self.pool).await;
        rows.unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    /// The one number that a query returns.
    pub(crate) async fn number(&self, text: &str) -> i64 {
        self.run(text).await[0].get(0)
    }

    /// The numbers of the first column.
    pub(crate) async fn numbers(&self, text: &str) -> Vec<i64> {
        self.run(text).await.iter().map(|row| row.get(0)).collect()
    }

    /// How many jobs have this state.
    pub(crate) async fn count(&self, state: JobState) -> i64 {
        self.number(&format!("SELECT count(*) FROM oban_jobs WHERE state = '{state}'")).await
    }

    /// Waits until so many jobs have this state.
    pub(crate) async fn count_becomes(&self, state: JobState, count: i64) {
        eventually(&format!("{count} jobs are {state}"), || async {
            let found = self.count(state).await;
            if found == count { Ok(()) } else { Err(found) }
        })
        .await;
    }

    /// Ends every connection of nodes, as an operator's `pg_terminate_backend` does. Returns how many there were.
    pub(crate) async fn end_connections(&self) -> i64 {
        self.number(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name LIKE 'oban%'",
        )
        .await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // Another thread, because this one is inside of a runtime.
        let dropped = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(execute(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")));
        });
        // A failed test may have left a server that is gone.
        let _ = dropped.join();
    }
}

fn shared_server() -> PgConnectOptions {
    let url = env::var("OBAN_TEST_POSTGRES_URL").expect(
        "OBAN_TEST_POSTGRES_URL is not set; run the tests by `cargo xtask test`, which starts a server, \
         or set it to the URL of a superuser",
    );
    url.parse().expect("OBAN_TEST_POSTGRES_URL is the URL of a Postgres server")
}

async fn execute(server: &PgConnectOptions, text: &str) {
    let mut conn = PgConnection::connect_with(server).await.expect("the server answers");
    let done = conn.execute(sqlx::raw_sql(AssertSqlSafe(text.to_owned()))).await;
    done.unwrap_or_else(|error| panic!("{text}: {error}"));
}
