//! What goes wrong amid many jobs leaves none of them, and no connection that gives wrong answers.

use std::{
    future::poll_fn,
    pin::pin,
    task::Poll::{Pending, Ready},
    time::Duration,
};

use oban_core::{Conn, Engine, ErrorKind, Inserted, NewJob, Result};
use oban_postgres::Postgres;
use serde_json::json;
use sqlx::{Connection, PgConnection, PgPool, postgres::PgPoolOptions};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    migrations::run,
    proxy::Proxy,
    support::{Database, execute},
};

/// More than are inserted by statements.
const MANY: usize = 6_000;

/// Bytes of each job: all of it fits into the buffers of the sockets, or not nearly.
const SIZES: [usize; 2] = [10, 4_000];

fn jobs(size: usize) -> Vec<NewJob> {
    (0..MANY).map(|at| NewJob::new("Greet", json!({ "at": at, "text": "x".repeat(size) }))).collect()
}

/// A pool that can tell whether its only connection is in step.
fn narrow_pool(database: &Database) -> PgPool {
    PgPoolOptions::new().max_connections(1).connect_lazy_with(database.options())
}

async fn assert_in_step(pool: &PgPool) {
    for number in 0..3 {
        let answer: i32 = sqlx::query_scalar("SELECT $1").bind(number).fetch_one(pool).await.unwrap();
        assert_eq!(answer, number);
    }
}

async fn rows(pool: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM oban_jobs").fetch_one(pool).await.unwrap()
}

/// Lets COPY come as far as the middle.
struct Barrier {
    conn: PgConnection,
    pool: PgPool,
}

impl Barrier {
    async fn raise(database: &Database) -> Self {
        let mut conn = PgConnection::connect_with(&database.options()).await.unwrap();
        execute(
            &mut conn,
            "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
               IF NEW.args ->> 'at' = '3000' THEN PERFORM pg_advisory_xact_lock(1); END IF;
               RETURN NEW;
             END $$;
             CREATE TRIGGER wait BEFORE INSERT ON oban_jobs FOR EACH ROW EXECUTE FUNCTION wait();
             SELECT pg_advisory_lock(1)",
        )
        .await;
        Self { conn, pool: database.pool() }
    }

    /// Inserts until the barrier.
    async fn run_up(&self, postgres: &Postgres, size: usize) -> JoinSet<Result<Vec<Inserted>>> {
        let postgres = postgres.clone();
        let mut inserting = JoinSet::new();
        inserting.spawn(async move { postgres.insert_jobs(None, jobs(size)).await });
        self.until(1, "wait_event_type = 'Lock'").await;
        inserting
    }

    /// Lowers the barrier and waits until nobody copies.
    async fn lower(mut self) {
        execute(&mut self.conn, "SELECT pg_advisory_unlock(1)").await;
        self.until(0, "state <> 'idle'").await;
    }

    async fn until(&self, count: i64, condition: &str) {
        let copying = format!(
            "SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database() AND query LIKE 'COPY%' AND {condition}"
        );
        let reached = async {
            while sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(copying.clone()))
                .fetch_one(&self.pool)
                .await
                .unwrap()
                != count
            {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(20), reached).await.expect("COPY gets there");
    }
}

#[tokio::test]
async fn a_refused_row_leaves_no_other_and_the_connection_as_it_was() {
    let database = Database::migrated().await;
    let pool = narrow_pool(&database);
    run(&pool, "ALTER TABLE oban_jobs ADD CONSTRAINT unlucky CHECK (args ->> 'at' <> '5432')").await;
    let backend =
        async || sqlx::query_scalar::<_, i32>("SELECT pg_backend_pid()").fetch_one(&pool).await.unwrap();
    let before = backend().await;
    for size in SIZES {
        let error = Postgres::new(pool.clone()).insert_jobs(None, jobs(size)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error:?}");
        assert_in_step(&pool).await;
        assert_eq!((rows(&pool).await, backend().await), (0, before));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_leaves_no_row() {
    for size in SIZES {
        let database = Database::migrated().await;
        let proxy = Proxy::start(&database).await;
        let postgres = proxy.postgres(&database);
        let barrier = Barrier::raise(&database).await;
        let mut inserting = barrier.run_up(&postgres, size).await;
        proxy.cut();
        let error = inserting.join_next().await.unwrap().unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
        barrier.lower().await;
        assert_eq!(rows(&database.pool()).await, 0);
        assert_eq!(postgres.insert_jobs(None, jobs(size)).await.unwrap().len(), MANY);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_is_ended_leaves_no_row() {
    for size in SIZES {
        let database = Database::migrated().await;
        let pool = narrow_pool(&database);
        let postgres = Postgres::new(pool.clone());
        let barrier = Barrier::raise(&database).await;
        let mut inserting = barrier.run_up(&postgres, size).await;
        run(
            &barrier.pool,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND query LIKE 'COPY%'",
        )
        .await;
        let error = inserting.join_next().await.unwrap().unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
        barrier.lower().await;
        assert_in_step(&pool).await;
        assert_eq!(rows(&pool).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_call_leaves_no_row_and_its_connection_to_nobody() {
    for size in SIZES {
        let database = Database::migrated().await;
        let pool = narrow_pool(&database);
        let barrier = Barrier::raise(&database).await;
        let mut inserting = barrier.run_up(&Postgres::new(pool.clone()), size).await;
        inserting.abort_all();
        assert!(inserting.join_next().await.unwrap().unwrap_err().is_cancelled());
        barrier.lower().await;
        assert_in_step(&pool).await;
        assert_eq!(rows(&pool).await, 0);
    }
}

/// Drives a future so far, and drops it.
async fn polled<F: Future>(times: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = times;
    poll_fn(|context| match future.as_mut().poll(context) {
        Ready(output) => Ready(Some(output)),
        Pending if left == 0 => Ready(None),
        Pending => {
            left -= 1;
            Pending
        }
    })
    .await
}

#[tokio::test]
async fn a_call_can_be_dropped_at_any_moment() {
    let database = Database::migrated().await;
    let pool = narrow_pool(&database);
    let postgres = Postgres::new(pool.clone());
    for times in 0.. {
        let before = rows(&pool).await;
        let done = polled(times, postgres.insert_jobs(None, jobs(10))).await;
        assert_in_step(&pool).await;
        let more = rows(&pool).await - before;
        assert!([0, i64::try_from(MANY).unwrap()].contains(&more), "{more} rows after {times} polls");
        if done.is_some() {
            assert!(times > 0);
            return;
        }
    }
}

#[tokio::test]
async fn a_call_in_the_callers_transaction_can_be_dropped_at_any_moment() {
    let database = Database::migrated().await;
    let pool = narrow_pool(&database);
    let postgres = Postgres::new(pool.clone());
    for times in 0.. {
        let mut tx = pool.begin().await.unwrap();
        let conn: &mut PgConnection = &mut tx;
        let done = polled(times, postgres.insert_jobs(Some(Conn::new(conn)), jobs(10))).await;
        drop(tx);
        assert_in_step(&pool).await;
        assert_eq!(rows(&pool).await, 0, "{times}");
        if done.is_some() {
            assert!(times > 0);
            return;
        }
    }
}
