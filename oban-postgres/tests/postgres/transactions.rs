//! Inserting in the application's own transaction.

use oban_core::{Channel, ErrorKind, Inspect, JobFilter, NewJob, Oban, Testing};
use oban_postgres::{InsertTx, InspectTx, Postgres};
use oban_testing::{Ear, Memory, all_enqueued, assert_enqueued, refute_enqueued};
use serde_json::json;
use std::sync::Arc;

use crate::{migrations::run, support::Database};

fn job(queue: &str) -> NewJob {
    NewJob::new("Greet", json!({})).queue(queue)
}

async fn start(postgres: &Postgres) -> Oban {
    Oban::builder(postgres.clone()).start().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_share_the_fate_of_the_transaction() {
    let database = Database::migrated().await;
    let pool = database.pool();
    run(&pool, "CREATE TABLE users (name text)").await;
    let postgres = Postgres::new(pool.clone());
    let oban = start(&postgres).await;
    let mut ear = Ear::new(Arc::new(postgres.clone()), Channel::Insert).await;

    let mut tx = pool.begin().await.unwrap();
    sqlx::query("INSERT INTO users VALUES ('Ada')").execute(&mut *tx).await.unwrap();
    let inserted = oban.insert_tx(&mut tx, job("committed")).await.unwrap();
    assert_eq!(oban.get_job(inserted.id).await.unwrap(), None, "nobody else sees it yet");
    assert!(ear.queues().await.is_empty(), "nobody hears of it yet");
    tx.commit().await.unwrap();
    assert_eq!(oban.get_job(inserted.id).await.unwrap().unwrap(), inserted.job);
    assert_eq!(ear.queues().await, ["committed"]);

    let mut tx = pool.begin().await.unwrap();
    oban.insert_all_tx(&mut tx, (0..3_000).map(|_| job("undone"))).await.unwrap();
    tx.rollback().await.unwrap();
    assert!(ear.queues().await.is_empty());
    assert_eq!(postgres.list_jobs(&JobFilter::all()).await.unwrap().len(), 1);
    oban.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_savepoint_takes_a_failed_insert_back() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let oban = start(&Postgres::new(pool.clone())).await;
    run(&pool, "ALTER TABLE oban_jobs ADD CONSTRAINT no_rush CHECK (priority > 0)").await;

    let mut tx = pool.begin().await.unwrap();
    oban.insert_tx(&mut tx, job("outer").priority(1)).await.unwrap();
    let mut savepoint = sqlx::Acquire::begin(&mut *tx).await.unwrap();
    let error = oban.insert_tx(&mut savepoint, job("inner")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    savepoint.rollback().await.unwrap();
    let invalid = oban.insert_tx(&mut tx, job("outer").priority(10)).await.unwrap_err();
    assert_eq!(invalid.kind(), ErrorKind::Invalid, "found before anything is sent");
    tx.commit().await.unwrap();
    assert_eq!(oban.jobs(JobFilter::all()).await.unwrap().len(), 1);
    oban.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_callers_session_changes() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let oban = start(&Postgres::new(pool.clone())).await;
    let mut conn = pool.acquire().await.unwrap();
    let settings = "SELECT string_agg(name || '=' || setting, ',' ORDER BY name) FROM pg_settings \
                    WHERE name <> 'transaction_isolation'";
    let before: String = sqlx::query_scalar(settings).fetch_one(&mut *conn).await.unwrap();
    oban.insert_tx(&mut conn, job("alone")).await.unwrap();
    let after: String = sqlx::query_scalar(settings).fetch_one(&mut *conn).await.unwrap();
    assert_eq!(before, after);
    assert_eq!(
        oban.jobs(JobFilter::queue("alone")).await.unwrap().len(),
        1,
        "outside of a transaction it is done"
    );
    oban.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_live_elsewhere_cannot_join() {
    let database = Database::migrated().await;
    let oban = Oban::builder(Memory::new()).start().await.unwrap();
    let mut tx = database.pool().begin().await.unwrap();
    let error = oban.insert_tx(&mut tx, job("lost")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    oban.stop().await.unwrap();
}

#[tokio::test]
async fn a_test_that_rolls_back_sees_its_own_jobs() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let manual = Oban::builder(Postgres::new(pool.clone())).testing(Testing::Manual);
    let oban = manual.queue("mailers", 10).start().await.unwrap();

    let mut tx = pool.begin().await.unwrap();
    let new = NewJob::new("Greet", json!({"name": "Ada", "from": {"id": 7}})).queue("mailers").tag("vip");
    let inserted = oban.insert_tx(&mut tx, new.schedule_in("5m")).await.unwrap();
    let jobs = oban.jobs_tx(&mut tx, JobFilter::all()).await.unwrap();
    assert_eq!(jobs, [inserted.job], "read as it was returned");
    let args = json!({"from": {"id": 7}});
    assert_enqueued!(jobs, worker = "Greet", args = args, tags = ["vip"], scheduled_in = "5m");
    refute_enqueued!(jobs, args = { "from": { "id": 8 } });
    assert_eq!(oban.jobs_tx(&mut tx, JobFilter::queue("other")).await.unwrap(), []);
    assert_eq!(oban.jobs_tx(&mut tx, JobFilter::all().limit(0)).await.unwrap(), []);
    assert!(all_enqueued!(oban).is_empty(), "nobody else sees it");
    tx.rollback().await.unwrap();

    let mut conn = pool.acquire().await.unwrap();
    refute_enqueued!(oban.jobs_tx(&mut conn, JobFilter::all()).await.unwrap(), worker = "Greet");
    let elsewhere = oban_testing::manual().start().await.unwrap();
    let error = elsewhere.jobs_tx(&mut conn, JobFilter::all()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}
