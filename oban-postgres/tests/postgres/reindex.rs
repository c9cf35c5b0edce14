//! Rebuilding indexes: beside writers, open transactions, other nodes, migrations, and a person's own rebuilds.

use std::{collections::BTreeMap, time::Duration};

use oban_core::{Engine, ErrorKind, NewJob, Reindex, Reindexed};
use oban_postgres::Postgres;
use serde_json::json;
use sqlx::{Connection, PgConnection, PgPool, postgres::PgPoolOptions};
use tokio::time::{sleep, timeout};

use crate::{migrations::run, support::Database, support::execute};

const STAGING: &str = "oban_jobs_staging_index";

fn all(timeout: &str) -> Reindex {
    Reindex { indexes: Vec::new(), timeout: oban_core::Period::parse(timeout).unwrap().as_duration() }
}

fn one(name: &str, timeout: &str) -> Reindex {
    Reindex { indexes: vec![name.to_owned()], ..all(timeout) }
}

/// The file that holds each index, which a rebuild replaces, and whether the index is valid.
async fn files(pool: &PgPool) -> BTreeMap<String, (i64, bool)> {
    let rows: Vec<(String, i64, bool)> = sqlx::query_as(
        "SELECT relname::text, relfilenode::bigint, indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid \
         WHERE indrelid = 'oban_jobs'::regclass",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    rows.into_iter().map(|(name, file, is_valid)| (name, (file, is_valid))).collect()
}

async fn are_valid(pool: &PgPool, expected: &BTreeMap<String, (i64, bool)>) {
    let files = files(pool).await;
    assert!(files.values().all(|(_, is_valid)| *is_valid), "{files:?}");
    assert_eq!(files.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
}

async fn until(pool: &PgPool, what: &str, question: &str) {
    let holds = async {
        while !sqlx::query_scalar::<_, bool>(sqlx::AssertSqlSafe(question.to_owned()))
            .fetch_one(pool)
            .await
            .unwrap()
        {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(20), holds).await.unwrap_or_else(|_| panic!("{what}"));
}

const WAITS: &str = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE query LIKE 'REINDEX INDEX CONCURRENTLY%' \
                     AND wait_event_type = 'Lock' AND datname = current_database())";

#[tokio::test]
async fn rebuilds_all_of_ours_but_the_primary_key_and_nothing_else() {
    let database = Database::migrated().await;
    let pool = database.pool();
    run(&pool, "CREATE INDEX by_worker ON oban_jobs (worker)").await;
    let before = files(&pool).await;
    let done = Postgres::new(pool.clone()).reindex(&all("30s")).await.unwrap();
    assert!(done.failed.is_empty() && done.dropped.is_empty(), "{done:?}");
    let after = files(&pool).await;
    are_valid(&pool, &before).await;
    for (name, (file, _)) in &before {
        let is_new = after[name].0 != *file;
        assert_eq!(is_new, !["oban_jobs_pkey", "by_worker"].contains(&name.as_str()), "{name}");
        assert_eq!(is_new, done.rebuilt.contains(name), "{name}");
    }
}

#[tokio::test]
async fn rebuilds_those_it_is_told_in_a_schema_of_its_own() {
    let database = Database::empty().await;
    let postgres = Postgres::new(database.pool()).prefix("it-is_Private").unwrap();
    postgres.migrate().await.unwrap();
    let reindex = Reindex { indexes: vec!["oban_jobs_pkey".into(), "no such \" index".into()], ..all("30s") };
    let Reindexed { rebuilt, dropped, failed } = postgres.reindex(&reindex).await.unwrap();
    assert_eq!((rebuilt, dropped), (vec!["oban_jobs_pkey".to_owned()], vec![]));
    assert_eq!((failed.len(), failed[0].kind()), (1, ErrorKind::NotFound));
    assert!(failed[0].to_string().contains("no such \" index"), "{}", failed[0]);
}

#[tokio::test]
async fn blocks_no_writer_and_ends_by_its_timeout_without_a_trace() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let before = files(&pool).await;
    let postgres = Postgres::new(pool.clone());
    let mut slow = PgConnection::connect_with(&database.options()).await.unwrap();
    let mut tx = slow.begin().await.unwrap();
    execute(&mut tx, "INSERT INTO oban_jobs (worker) VALUES ('Slow')").await;
    let reindex = one(STAGING, "1s");
    let writing = async {
        until(&pool, "it waits for the open transaction", WAITS).await;
        let insert = postgres.insert_jobs(None, vec![NewJob::new("Quick", json!({}))]);
        timeout(Duration::from_secs(10), insert).await.expect("an insert is not blocked").unwrap();
    };
    let (done, ()) = tokio::join!(postgres.reindex(&reindex), writing);
    let done = done.unwrap();
    assert!(done.rebuilt.is_empty() && !done.failed.is_empty(), "{done:?}");
    let text = done.failed[0].to_string();
    assert!(text.contains(STAGING) && text.contains("timeout: 1s"), "{text}");
    tx.commit().await.unwrap();
    // What it left behind could not be dropped beside the transaction either; the next time it can.
    let done = postgres.reindex(&one(STAGING, "30s")).await.unwrap();
    assert_eq!(done.rebuilt, [STAGING]);
    assert!(done.failed.is_empty(), "{done:?}");
    are_valid(&pool, &before).await;
    assert_ne!(files(&pool).await[STAGING], before[STAGING]);
}

#[tokio::test]
async fn one_that_fails_stops_no_other() {
    let database = Database::migrated().await;
    let pool = database.pool();
    run(
        &pool,
        "INSERT INTO oban_jobs (worker) VALUES ('A');
         CREATE FUNCTION rank(integer) RETURNS integer IMMUTABLE LANGUAGE sql RETURN $1;
         CREATE INDEX oban_jobs_aaa ON oban_jobs (rank(priority));
         CREATE OR REPLACE FUNCTION rank(integer) RETURNS integer IMMUTABLE LANGUAGE sql RETURN $1 / 0",
    )
    .await;
    let done = Postgres::new(pool.clone()).reindex(&all("30s")).await.unwrap();
    assert_eq!(done.failed.len(), 1, "{done:?}");
    assert!(done.failed[0].to_string().contains("oban_jobs_aaa"), "{}", done.failed[0]);
    assert!(done.rebuilt.len() >= 8 && done.rebuilt.contains(&STAGING.to_owned()), "{done:?}");
    assert_eq!(done.dropped.len(), 1, "its leftover is gone: {done:?}");
}

#[tokio::test]
async fn killed_in_the_middle_it_is_made_good_the_next_time() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let before = files(&pool).await;
    let postgres = Postgres::new(pool.clone());
    let mut slow = PgConnection::connect_with(&database.options()).await.unwrap();
    let mut tx = slow.begin().await.unwrap();
    execute(&mut tx, "INSERT INTO oban_jobs (worker) VALUES ('Slow')").await;
    let killing = async {
        until(&pool, "it waits for the open transaction", WAITS).await;
        run(
            &pool,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE query LIKE 'REINDEX%' AND pid <> pg_backend_pid() AND datname = current_database()",
        )
        .await;
    };
    let reindex = one(STAGING, "30s");
    let (done, ()) = tokio::join!(postgres.reindex(&reindex), killing);
    assert_eq!(done.unwrap_err().kind(), ErrorKind::Unavailable);
    tx.commit().await.unwrap();
    assert!(files(&pool).await.contains_key("oban_jobs_staging_index_ccnew"), "it was in the middle");
    let done = postgres.reindex(&one(STAGING, "30s")).await.unwrap();
    assert_eq!((done.rebuilt, done.dropped), (vec![STAGING.to_owned()], vec![format!("{STAGING}_ccnew")]));
    are_valid(&pool, &before).await;
}

#[tokio::test]
async fn leaves_the_rebuild_of_a_person_alone() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let before = files(&pool).await;
    let postgres = Postgres::new(pool.clone());
    let (mut slow, mut person) = (
        PgConnection::connect_with(&database.options()).await.unwrap(),
        PgConnection::connect_with(&database.options()).await.unwrap(),
    );
    let mut tx = slow.begin().await.unwrap();
    execute(&mut tx, "INSERT INTO oban_jobs (worker) VALUES ('Slow')").await;
    let rebuilding = execute(&mut person, "REINDEX INDEX CONCURRENTLY oban_jobs_completed_index");
    let reindexing = async {
        until(&pool, "the person's waits for the open transaction", WAITS).await;
        let done = postgres.reindex(&one(STAGING, "500ms")).await.unwrap();
        assert!(done.rebuilt.is_empty() && done.dropped.is_empty() && done.failed.len() == 1, "{done:?}");
        tx.commit().await.unwrap();
    };
    tokio::join!(rebuilding, reindexing);
    assert_ne!(files(&pool).await["oban_jobs_completed_index"], before["oban_jobs_completed_index"]);
}

#[tokio::test]
async fn is_done_by_one_node_at_a_time_and_not_beside_a_migration() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let postgres = Postgres::new(pool.clone());
    let mut migrator = PgConnection::connect_with(&database.options()).await.unwrap();
    execute(&mut migrator, "SELECT pg_advisory_lock(hashtextextended('oban migrate public', 0))").await;
    let done = postgres.reindex(&all("30s")).await.unwrap();
    assert!(done.rebuilt.is_empty() && done.dropped.is_empty() && done.failed.is_empty(), "{done:?}");
    migrator.close().await.unwrap();
    let (one, other) = (all("30s"), all("30s"));
    let (one, other) = tokio::join!(postgres.reindex(&one), postgres.reindex(&other));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert!(one.failed.is_empty() && other.failed.is_empty(), "{one:?} {other:?}");
    assert!(!one.rebuilt.is_empty() || !other.rebuilt.is_empty());
}

#[tokio::test]
async fn says_so_where_the_role_may_not() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let role = format!("oban_guest_{}", uuid::Uuid::new_v4().simple());
    run(
        &pool,
        &format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'guest'; GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}"
        ),
    )
    .await;
    let options = database.options().username(&role).password("guest");
    let guest = Postgres::new(PgPoolOptions::new().connect_lazy_with(options));
    let done = guest.reindex(&all("30s")).await.unwrap();
    run(&pool, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
    assert!(done.rebuilt.is_empty() && done.failed.len() >= 8, "{done:?}");
    assert!(done.failed[0].to_string().contains("must be owner"), "{}", done.failed[0]);
}

#[tokio::test]
async fn needs_a_connection_that_keeps_its_settings() {
    let database = Database::migrated().await;
    let postgres = Postgres::new(database.pool()).prepare(false);
    assert!(!postgres.capabilities().reindexes);
    assert_eq!(postgres.reindex(&all("30s")).await.unwrap_err().kind(), ErrorKind::Unsupported);
}
