//! Profiles of indexes: what each has, and going from one to the other beside writers.

use std::{collections::BTreeSet, time::Duration};

use oban_core::{Engine, Migrate, NewJob};
use oban_postgres::{IndexProfile, Postgres};
use serde_json::json;
use sqlx::{Connection, PgConnection, PgPool};
use tokio::time::{sleep, timeout};

use crate::{
    migrations::{assert_catalog, run},
    support::{Database, execute},
};

const LEAN: [&str; 10] = [
    "oban_jobs_available_index",
    "oban_jobs_cancelled_index",
    "oban_jobs_completed_index",
    "oban_jobs_discarded_index",
    "oban_jobs_executing_index",
    "oban_jobs_exhausted_index",
    "oban_jobs_pkey",
    "oban_jobs_retryable_index",
    "oban_jobs_staging_index",
    "oban_jobs_unique_key_index",
];

const ELIXIR: [&str; 10] = [
    "oban_jobs_args_index",
    "oban_jobs_completed_index",
    "oban_jobs_exhausted_index",
    "oban_jobs_meta_index",
    "oban_jobs_pkey",
    "oban_jobs_staging_index",
    "oban_jobs_state_cancelled_at_index",
    "oban_jobs_state_discarded_at_index",
    "oban_jobs_state_queue_priority_scheduled_at_id_index",
    "oban_jobs_unique_key_index",
];

#[tokio::test]
async fn a_profile_is_kept_until_another_is_asked_for() {
    let database = Database::empty().await;
    let pool = database.pool();
    let unasked = Postgres::new(pool.clone());
    unasked.migrate().await.unwrap();
    assert_indexes(&pool, &LEAN).await;
    unasked.clone().index_profile(IndexProfile::Elixir).migrate().await.unwrap();
    assert_indexes(&pool, &ELIXIR).await;
    unasked.migrate().await.unwrap();
    assert_indexes(&pool, &ELIXIR).await;
    unasked.clone().index_profile(IndexProfile::Lean).migrate().await.unwrap();
    assert_indexes(&pool, &LEAN).await;
    run(&pool, "COMMENT ON TABLE oban_jobs IS NULL").await;
    unasked.migrate().await.unwrap();
    assert_indexes(&pool, &LEAN).await;
}

#[tokio::test]
async fn a_new_database_can_start_with_obans_own() {
    let database = Database::empty().await;
    let pool = database.pool();
    Postgres::new(pool.clone()).index_profile(IndexProfile::Elixir).migrate().await.unwrap();
    assert_indexes(&pool, &ELIXIR).await;
    assert_catalog(&pool).await;
}

#[tokio::test]
async fn a_database_of_elixir_gets_what_is_missing_and_keeps_the_rest() {
    let database = Database::empty().await;
    let pool = database.pool();
    let postgres = Postgres::new(pool.clone());
    postgres.clone().index_profile(IndexProfile::Elixir).migrate().await.unwrap();
    // As Elixir leaves version 12, with an index that a person dropped and one that a person added.
    postgres.migrate_down(12).await.unwrap();
    run(
        &pool,
        "DROP INDEX oban_jobs_state_cancelled_at_index, oban_jobs_state_discarded_at_index, oban_jobs_args_index;
         CREATE INDEX by_worker ON oban_jobs (worker)",
    )
    .await;
    postgres.migrate().await.unwrap();
    let mut expected: Vec<&str> = ELIXIR.into_iter().filter(|name| *name != "oban_jobs_args_index").collect();
    expected.push("by_worker");
    assert_indexes(&pool, &expected).await;
    assert_catalog(&pool).await;
    postgres.verify().await.unwrap();
}

#[tokio::test]
async fn leftovers_of_an_interrupted_build_are_built_again() {
    let database = Database::migrated().await;
    let pool = database.pool();
    run(
        &pool,
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'oban_jobs_staging_index'::regclass",
    )
    .await;
    Postgres::new(pool.clone()).migrate().await.unwrap();
    assert_indexes(&pool, &LEAN).await;
}

#[tokio::test]
async fn building_does_not_block_writers() {
    let database = Database::migrated().await;
    let mut slow = PgConnection::connect_with(&database.options()).await.unwrap();
    let mut tx = slow.begin().await.unwrap();
    execute(&mut tx, "INSERT INTO oban_jobs (worker) VALUES ('Slow')").await;
    let postgres = Postgres::new(database.pool());
    let elixir = postgres.clone().index_profile(IndexProfile::Elixir);
    let switching = async { elixir.migrate().await };
    let writing = async {
        wait_for_the_build(&database.pool()).await;
        let insert = postgres.insert_jobs(None, vec![NewJob::new("Quick", json!({}))]);
        timeout(Duration::from_secs(10), insert).await.expect("an insert is not blocked").unwrap();
        tx.commit().await.unwrap();
    };
    let (switched, ()) = tokio::join!(switching, writing);
    switched.unwrap();
    assert_indexes(&database.pool(), &ELIXIR).await;
}

/// Until the build waits for the open transaction.
async fn wait_for_the_build(pool: &PgPool) {
    let waits = async {
        loop {
            let waiting: bool = sqlx::query_scalar(
                "SELECT EXISTS (SELECT 1 FROM pg_stat_activity \
                 WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND wait_event_type = 'Lock')",
            )
            .fetch_one(pool)
            .await
            .unwrap();
            if waiting {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(20), waits).await.expect("the build starts");
}

async fn assert_indexes(pool: &PgPool, expected: &[&str]) {
    let indexes: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_index JOIN pg_class ON oid = indexrelid \
         WHERE indrelid = 'oban_jobs'::regclass AND indisvalid",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let indexes: BTreeSet<&str> = indexes.iter().map(String::as_str).collect();
    assert_eq!(indexes, expected.iter().copied().collect());
}
