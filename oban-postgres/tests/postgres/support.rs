//! A database for each test, copied from a template with the latest schema.

use std::{
    collections::hash_map::DefaultHasher,
    env, fs,
    hash::{Hash, Hasher},
    path::Path,
    thread,
};

use oban_core::{Engine, Migrate, QueueMeta, QueueSpec};
use oban_postgres::Postgres;
use sqlx::{
    AssertSqlSafe, Connection, Executor, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{runtime, sync::OnceCell};
use uuid::Uuid;

/// A database that is dropped with the value.
pub(crate) struct Database {
    name: String,
}

impl Database {
    /// A database with the latest schema in `public`.
    pub(crate) async fn migrated() -> Self {
        static TEMPLATE: OnceCell<String> = OnceCell::const_new();
        let template = TEMPLATE.get_or_init(make_template).await;
        Self::create(&format!("TEMPLATE \"{template}\" STRATEGY file_copy")).await
    }

    /// A database with nothing in it.
    pub(crate) async fn empty() -> Self {
        Self::create("").await
    }

    async fn create(options: &str) -> Self {
        let name = format!("oban_test_{}", Uuid::new_v4().simple());
        execute(&mut admin().await, &format!("CREATE DATABASE \"{name}\" {options}")).await;
        Self { name }
    }

    /// A pool on this database. Each call makes another.
    pub(crate) fn pool(&self) -> PgPool {
        PgPoolOptions::new().max_connections(8).connect_lazy_with(self.options())
    }

    /// How to connect to this database.
    pub(crate) fn options(&self) -> PgConnectOptions {
        server().database(&self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS \"{}\" WITH (FORCE)", self.name);
        // Another thread, because this one may be inside of a runtime.
        let dropped = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { execute(&mut admin().await, &statement).await });
        });
        dropped.join().unwrap();
    }
}

/// Runs statements that are not worth a file.
pub(crate) async fn execute(conn: &mut PgConnection, text: &str) {
    conn.execute(sqlx::raw_sql(AssertSqlSafe(text.to_owned())))
        .await
        .unwrap_or_else(|error| panic!("{text}: {error}"));
}

/// A producer of the default queue.
pub(crate) async fn register(postgres: &Postgres, node: &str) -> QueueMeta {
    let [instance, node, queue] = ["Oban", node, "default"].map(str::to_owned);
    postgres.init_queue(&QueueSpec { instance, node, queue, limit: 10, paused: false }).await.unwrap()
}

/// The server that the tests may use as superuser.
fn server() -> PgConnectOptions {
    let url = env::var("OBAN_TEST_POSTGRES_URL").expect(
        "OBAN_TEST_POSTGRES_URL is not set; run the tests by `cargo xtask test`, which starts a server, \
         or set it to the URL of a superuser",
    );
    url.parse().expect("OBAN_TEST_POSTGRES_URL is the URL of a Postgres server")
}

async fn admin() -> PgConnection {
    PgConnection::connect_with(&server()).await.expect("the server of OBAN_TEST_POSTGRES_URL answers")
}

/// Makes the template unless another test process has. Its name tells which files of SQL it was made from.
async fn make_template() -> String {
    let name = format!("oban_template_{:016x}", fingerprint());
    let mut admin = admin().await;
    execute(&mut admin, "SELECT pg_advisory_lock(7031)").await;
    let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)")
        .bind(&name)
        .fetch_one(&mut admin)
        .await
        .unwrap();
    if !exists {
        let half = format!("{name}_half");
        execute(&mut admin, &format!("DROP DATABASE IF EXISTS \"{half}\"")).await;
        execute(&mut admin, &format!("CREATE DATABASE \"{half}\"")).await;
        let pool = PgPoolOptions::new().connect_lazy_with(server().database(&half));
        let postgres = Postgres::new(pool.clone());
        postgres.migrate_up(postgres.latest_version()).await.unwrap();
        pool.close().await;
        // A server ends the backends of closed connections in its own time, and renames only without them.
        execute(
            &mut admin,
            &format!("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{half}'"),
        )
        .await;
        execute(&mut admin, &format!("ALTER DATABASE \"{half}\" RENAME TO \"{name}\"")).await;
    }
    name
}

fn fingerprint() -> u64 {
    let mut hasher = DefaultHasher::new();
    let sql = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
    for folder in ["migrations", "indexes"] {
        let mut files: Vec<_> =
            fs::read_dir(sql.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            fs::read_to_string(file).unwrap().hash(&mut hasher);
        }
    }
    hasher.finish()
}
