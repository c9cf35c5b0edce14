//! Jobs inserted in the application's transaction, and what transactions jobs cost.

use oban::{JobState, postgres::InsertTx};
use sqlx::postgres::PgListener;

use crate::{database::Database, node::Settings, worker::Work};

#[tokio::test(flavor = "multi_thread")]
async fn only_a_commit_makes_a_job_and_a_wake_up() {
    let database = Database::migrated().await;
    // No staging in this test's life: what starts a job is its notification.
    let node = Settings::new("web", database.url()).stage_interval("1h").start().await;
    let mut listener = PgListener::connect_with(&database.pool).await.unwrap();
    listener.listen("public.oban_insert").await.unwrap();
    let oban = database.operator().await;

    let mut tx = database.pool.begin().await.unwrap();
    let gone = oban.insert_tx(&mut tx, Work { millis: 0 }).await.unwrap().id.0;
    tx.rollback().await.unwrap();
    assert_eq!(database.number("SELECT count(*) FROM oban_jobs").await, 0);
    database.run("SELECT pg_notify('public.oban_insert', '{\"probe\": 1}')").await;
    assert_eq!(listener.recv().await.unwrap().payload(), "{\"probe\": 1}", "the rollback was announced");

    let mut tx = database.pool.begin().await.unwrap();
    let kept = oban.insert_tx(&mut tx, Work { millis: 0 }).await.unwrap().id.0;
    // Not before the commit.
    database.run("SELECT pg_notify('public.oban_insert', '{\"probe\": 2}')").await;
    assert_eq!(listener.recv().await.unwrap().payload(), "{\"probe\": 2}");
    assert_eq!(node.seen().runs, []);
    tx.commit().await.unwrap();
    assert_eq!(listener.recv().await.unwrap().payload(), "{\"queue\":\"default\"}");
    let seen = node.has_run(1).await;
    assert_eq!(seen.runs, [(kept, 1)]);
    assert_ne!(gone, kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_costs_a_fraction_of_a_transaction() {
    const JOBS: usize = 5_000;
    let database = Database::migrated().await;
    let node = Settings::new("web", database.url()).limit(50).start().await;
    database.insert((0..JOBS).map(|_| Work { millis: 0 })).await;
    // Told by the node: to ask the database would count.
    node.has_run(JOBS).await;
    node.stop().await;
    assert_eq!(database.count(JobState::Completed).await, i64::try_from(JOBS).unwrap());
    // Migrations, heartbeats and this test's own included.
    let all = database.transactions().await;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let each = all as f64 / JOBS as f64;
    println!("{each:.4} transactions a job, {all} for {JOBS}");
    assert!(each < 0.1, "{each} transactions a job");
}
