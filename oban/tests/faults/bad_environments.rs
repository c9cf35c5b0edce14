//! Databases that a node must not work on.

use oban::{ErrorKind, Oban, Result, postgres::Postgres};

use crate::{
    database::Database,
    worker::{Scene, Work},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_tables_is_refused() {
    let database = Database::empty().await;
    let error = start(&database).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unmigrated);
    let text = error.to_string();
    assert!(text.contains("there is no table of jobs") && text.contains("`Postgres::migrate`"), "{text}");
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(database.number(tables).await, 0, "something was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_a_newer_version_are_refused() {
    let database = Database::migrated().await;
    database.run("COMMENT ON TABLE oban_jobs IS '15'").await;
    let waiting = "INSERT INTO oban_jobs (queue, worker, args) VALUES ('default', 'Work', '{\"millis\": 0}')";
    database.run(waiting).await;
    let error = start(&database).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unmigrated);
    let text = error.to_string();
    assert!(text.contains("version 15, newer than 14") && text.contains("update oban-postgres"), "{text}");
    assert_eq!(database.number("SELECT count(*) FROM oban_producers").await, 0, "a queue was registered");
    assert_eq!(database.number("SELECT count(*) FROM oban_jobs WHERE attempt > 0").await, 0, "a job ran");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_an_older_version_are_refused() {
    let database = Database::migrated().await;
    oban::Migrate::migrate_down(&Postgres::new(database.pool.clone()), 13).await.unwrap();
    let text = start(&database).await.unwrap_err().to_string();
    assert!(text.contains("at version 13; version 14 is needed"), "{text}");
}

async fn start(database: &Database) -> Result<Oban> {
    let (_sender, gate) = tokio::sync::watch::channel(false);
    let pool = database.pool.clone();
    let scene = Scene { gate, pool: pool.clone(), limit: 10, running: std::sync::Arc::default() };
    Oban::builder(Postgres::new(pool)).state(scene).worker::<Work>().queue("default", 10).start().await
}
