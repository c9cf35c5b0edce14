//! What the smoke tests of several examples need.

use std::{env, path::PathBuf, thread};

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, PgPool, postgres::PgConnectOptions,
};
use tokio::runtime;

/// The program of an example. `cargo test` builds it, unless only one test target is asked for.
pub(crate) fn example(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let program = test.parent().unwrap().with_file_name("examples").join(name);
    assert!(program.exists(), "{} is missing; `cargo build --examples` makes it", program.display());
    program
}

/// A database of its own, dropped with the value.
pub(crate) struct Database {
    name: String,
}

impl Database {
    /// An empty one. `name` tells it from those of other tests.
    pub(crate) async fn create(name: &str) -> Self {
        let name = format!("oban_example_{name}_{}", std::process::id());
        // A run that was killed may have left one behind.
        execute(&format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)")).await;
        execute(&format!("CREATE DATABASE \"{name}\"")).await;
        Self { name }
    }

    pub(crate) fn url(&self) -> String {
        server().database(&self.name).to_url_lossy().to_string()
    }

    pub(crate) async fn pool(&self) -> PgPool {
        PgPool::connect(&self.url()).await.unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS \"{}\" WITH (FORCE)", self.name);
        // Another thread, because this one is inside of a runtime.
        let dropped = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(execute(&statement));
        });
        dropped.join().unwrap();
    }
}

async fn execute(statement: &str) {
    let mut conn = PgConnection::connect_with(&server()).await.unwrap();
    conn.execute(sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))).await.unwrap();
}

fn server() -> PgConnectOptions {
    let url = env::var("OBAN_TEST_POSTGRES_URL").expect(
        "OBAN_TEST_POSTGRES_URL is not set; run the tests by `cargo xtask test`, which starts a server, \
         or set it to the URL of a superuser",
    );
    url.parse().expect("OBAN_TEST_POSTGRES_URL is the URL of a Postgres server")
}
