//! Up, down, again, at once: a database always ends with the catalog of Oban.

use oban_core::{Engine, ErrorKind, Inspect, JobFilter, Migrate, NewJob};
use oban_postgres::Postgres;
use serde_json::json;
use sqlx::{AssertSqlSafe, PgPool};

use crate::support::{Database, execute};

/// Oban's version 14, as `(column, type, not null, default)`.
const COLUMNS: [(&str, &str, bool, &str); 18] = [
    ("args", "jsonb", true, "'{}'::jsonb"),
    ("attempt", "integer", true, "0"),
    ("attempted_at", "timestamp without time zone", false, ""),
    ("attempted_by", "text[]", false, ""),
    ("cancelled_at", "timestamp without time zone", false, ""),
    ("completed_at", "timestamp without time zone", false, ""),
    ("discarded_at", "timestamp without time zone", false, ""),
    ("errors", "jsonb[]", true, "ARRAY[]::jsonb[]"),
    ("id", "bigint", true, "nextval('oban_jobs_id_seq'::regclass)"),
    ("inserted_at", "timestamp without time zone", true, "timezone('UTC'::text, now())"),
    ("max_attempts", "integer", true, "20"),
    ("meta", "jsonb", false, "'{}'::jsonb"),
    ("priority", "integer", true, "0"),
    ("queue", "text", true, "'default'::text"),
    ("scheduled_at", "timestamp without time zone", true, "timezone('UTC'::text, now())"),
    ("state", "oban_job_state", true, "'available'::oban_job_state"),
    ("tags", "text[]", false, "ARRAY[]::text[]"),
    ("worker", "text", true, ""),
];

const CONSTRAINTS: [&str; 6] = [
    "attempt_range CHECK (((attempt >= 0) AND (attempt <= max_attempts)))",
    "non_negative_priority CHECK ((priority >= 0)) NOT VALID",
    "oban_jobs_pkey PRIMARY KEY (id)",
    "positive_max_attempts CHECK ((max_attempts > 0))",
    "queue_length CHECK (((char_length(queue) > 0) AND (char_length(queue) < 128)))",
    "worker_length CHECK (((char_length(worker) > 0) AND (char_length(worker) < 128)))",
];

const STATES: [&str; 8] =
    ["available", "suspended", "scheduled", "executing", "retryable", "completed", "discarded", "cancelled"];

#[tokio::test]
async fn from_nothing_to_obans_catalog() {
    let database = Database::empty().await;
    let pool = database.pool();
    let postgres = Postgres::new(pool.clone());
    assert_eq!(postgres.version().await.unwrap(), 0);
    postgres.migrate().await.unwrap();
    assert_catalog(&pool).await;
    assert_eq!(postgres.version().await.unwrap(), 14);
    postgres.verify().await.unwrap();
    let columns: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM information_schema.columns WHERE table_name = 'oban_jobs' AND ordinal_position = 14 \
         AND column_name = 'discarded_at'",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(columns, 1, "the order of columns is Oban's");
}

#[tokio::test]
async fn up_from_and_down_to_every_version() {
    let database = Database::empty().await;
    let pool = database.pool();
    let postgres = Postgres::new(pool.clone());
    for version in 0..=14 {
        postgres.migrate_up(version).await.unwrap();
        assert_eq!(postgres.version().await.unwrap(), version);
        postgres.migrate_up(version.saturating_sub(3)).await.unwrap();
        assert_eq!(postgres.version().await.unwrap(), version, "up never goes down");
        postgres.migrate().await.unwrap();
        assert_catalog(&pool).await;
        postgres.migrate_down(version).await.unwrap();
        assert_eq!(postgres.version().await.unwrap(), version);
        if version < 14 {
            assert_eq!(postgres.verify().await.unwrap_err().kind(), ErrorKind::Unmigrated);
        }
    }
    postgres.migrate_down(0).await.unwrap();
    let left: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM pg_class WHERE relname LIKE 'oban%') \
              + (SELECT count(*) FROM pg_type WHERE typname LIKE '%oban%') \
              + (SELECT count(*) FROM pg_proc WHERE proname LIKE 'oban%')",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(left, 0);
    assert_eq!(postgres.migrate_up(15).await.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(postgres.migrate_down(15).await.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn every_step_can_be_run_again() {
    let database = Database::empty().await;
    let pool = database.pool();
    let postgres = Postgres::new(pool.clone());
    for version in 1..=14 {
        postgres.migrate_up(version).await.unwrap();
        run(&pool, "COMMENT ON TABLE oban_jobs IS NULL").await;
        assert_eq!(postgres.version().await.unwrap(), 0);
        postgres.migrate_up(version).await.unwrap();
        assert_eq!(postgres.version().await.unwrap(), version);
    }
    postgres.insert_jobs(None, vec![NewJob::new("Keep", json!({}))]).await.unwrap();
    run(&pool, "COMMENT ON TABLE oban_jobs IS 'a note'; COMMENT ON TABLE oban_producers IS NULL").await;
    postgres.migrate().await.unwrap();
    assert_catalog(&pool).await;
    assert_eq!(postgres.list_jobs(&JobFilter::all()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn going_down_keeps_jobs_whose_state_goes() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let postgres = Postgres::new(pool.clone());
    run(&pool, "INSERT INTO oban_jobs (worker, state) VALUES ('A', 'suspended'), ('B', 'cancelled')").await;
    postgres.migrate_down(8).await.unwrap();
    let states: Vec<String> = sqlx::query_scalar("SELECT state::text FROM oban_jobs ORDER BY worker")
        .fetch_all(&pool)
        .await
        .unwrap();
    assert_eq!(states, ["scheduled", "discarded"]);
}

#[tokio::test]
async fn two_prefixes_in_one_database() {
    let database = Database::empty().await;
    let public = Postgres::new(database.pool());
    let private = Postgres::new(database.pool()).prefix("Private-1").unwrap();
    public.migrate().await.unwrap();
    assert_eq!(private.version().await.unwrap(), 0);
    private.migrate().await.unwrap();
    private.verify().await.unwrap();
    private.insert_jobs(None, vec![NewJob::new("Hidden", json!({}))]).await.unwrap();
    assert_eq!(private.list_jobs(&JobFilter::all()).await.unwrap().len(), 1);
    assert_eq!(public.list_jobs(&JobFilter::all()).await.unwrap().len(), 0);
    public.migrate_down(0).await.unwrap();
    assert_eq!(private.version().await.unwrap(), 14);
    private.verify().await.unwrap();
}

#[tokio::test]
async fn many_migrators_at_once() {
    let database = Database::empty().await;
    let nodes: Vec<Postgres> = (0..4).map(|_| Postgres::new(database.pool())).collect();
    let (a, b, c, d) =
        tokio::join!(nodes[0].migrate(), nodes[1].migrate(), nodes[2].migrate(), nodes[3].migrate());
    for result in [a, b, c, d] {
        result.unwrap();
    }
    assert_catalog(&database.pool()).await;
}

#[tokio::test]
async fn what_is_ours_is_brought_up_to_date() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let postgres = Postgres::new(pool.clone());
    postgres.insert_jobs(None, vec![NewJob::new("Keep", json!({}))]).await.unwrap();
    // As the version before left it.
    run(&pool, "DROP TABLE oban_cron_runs; COMMENT ON TABLE oban_producers IS 'oban-rs 2'").await;
    assert_eq!(postgres.verify().await.unwrap_err().kind(), ErrorKind::Unmigrated);
    postgres.migrate().await.unwrap();
    postgres.verify().await.unwrap();
    assert_catalog(&pool).await;
    assert_eq!(postgres.list_jobs(&JobFilter::all()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_others_manage_is_left_alone() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let postgres = Postgres::new(pool.clone());
    run(
        &pool,
        "COMMENT ON TABLE oban_jobs IS '∞'; DROP INDEX oban_jobs_completed_index; DROP TABLE oban_producers",
    )
    .await;
    assert_eq!(postgres.version().await.unwrap(), 14);
    postgres.migrate().await.unwrap();
    postgres.migrate_down(0).await.unwrap();
    postgres.verify().await.unwrap();
    let comment: String =
        sqlx::query_scalar("SELECT obj_description('oban_jobs'::regclass)").fetch_one(&pool).await.unwrap();
    assert_eq!(comment, "∞");
}

#[tokio::test]
async fn verify_says_what_is_wrong_and_what_cures_it() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let postgres = Postgres::new(pool.clone());
    for (damage, parts) in [
        ("COMMENT ON TABLE oban_producers IS NULL", ["producers", "oban-rs 3", "migrate"]),
        ("COMMENT ON TABLE oban_jobs IS '12'", ["12", "14", "migrate"]),
        ("COMMENT ON TABLE oban_jobs IS '15'", ["15", "14", "update"]),
        (
            "ALTER TABLE oban_jobs ALTER errors DROP DEFAULT, ALTER errors TYPE jsonb USING to_jsonb(errors)",
            ["Python", "columns", "prefix"],
        ),
        ("DROP TABLE oban_jobs", ["no table", "14", "migrate"]),
    ] {
        run(&pool, damage).await;
        let error = postgres.verify().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unmigrated);
        for part in parts {
            assert!(error.to_string().contains(part), "{part} missing in: {error}");
        }
    }
    let insert = postgres.insert_jobs(None, vec![NewJob::new("Lost", json!({}))]).await;
    assert_eq!(insert.unwrap_err().kind(), ErrorKind::Unmigrated);
}

pub(crate) async fn run(pool: &PgPool, text: &str) {
    execute(&mut pool.acquire().await.unwrap(), text).await;
}

/// The table has Oban's columns, checks and states, whatever the way to them was.
pub(crate) async fn assert_catalog(pool: &PgPool) {
    let columns: Vec<(String, String, bool, String)> = rows(
        pool,
        "SELECT attname::text, format_type(atttypid, atttypmod), attnotnull,
                coalesce(pg_get_expr(adbin, adrelid), '')
         FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
         WHERE attrelid = 'oban_jobs'::regclass AND attnum > 0 AND NOT attisdropped
         ORDER BY attname COLLATE \"C\"",
    )
    .await;
    let columns: Vec<(&str, &str, bool, &str)> = columns
        .iter()
        .map(|(name, kind, not_null, default)| (&**name, &**kind, *not_null, &**default))
        .collect();
    assert_eq!(columns, COLUMNS);
    let constraints: Vec<(String,)> = rows(
        pool,
        "SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
         WHERE conrelid = 'oban_jobs'::regclass AND contype IN ('c', 'p') ORDER BY conname",
    )
    .await;
    assert_eq!(constraints.iter().map(|(text,)| text.as_str()).collect::<Vec<_>>(), CONSTRAINTS);
    let states: Vec<(String,)> =
        rows(pool, "SELECT enumlabel::text FROM pg_enum WHERE enumtypid = 'oban_job_state'::regtype ORDER BY enumsortorder")
            .await;
    assert_eq!(states.iter().map(|(text,)| text.as_str()).collect::<Vec<_>>(), STATES);
    let extras: Vec<(String, String)> = rows(
        pool,
        "SELECT relname::text, relpersistence::text FROM pg_class
         WHERE relname IN ('oban_cron_runs', 'oban_peers', 'oban_producers') ORDER BY relname",
    )
    .await;
    let expected = [("oban_cron_runs", "p"), ("oban_peers", "u"), ("oban_producers", "p")];
    assert_eq!(extras, expected.map(|(name, persistence)| (name.to_owned(), persistence.to_owned())));
    let triggers: Vec<(String,)> =
        rows(pool, "SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal").await;
    assert!(triggers.is_empty(), "{triggers:?}");
}

async fn rows<R>(pool: &PgPool, text: &str) -> Vec<R>
where
    R: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin,
{
    sqlx::query_as(AssertSqlSafe(text.to_owned())).persistent(false).fetch_all(pool).await.unwrap()
}
