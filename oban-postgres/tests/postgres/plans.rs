//! On a large table each statement uses the indexes its header names, and none reads the table whole.

use std::collections::BTreeSet;

use oban_postgres::{IndexProfile, Postgres};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use crate::{
    sql::statements,
    support::{Database, execute},
};

/// A million finished jobs and a hundred thousand that wait, over twenty queues.
const FILL: &str = "
    INSERT INTO oban_jobs (state, queue, worker, attempt, priority, scheduled_at, attempted_at, attempted_by,
                           completed_at, cancelled_at, discarded_at)
    SELECT
        CASE WHEN n <= 980000 THEN 'completed' WHEN n <= 990000 THEN 'cancelled' WHEN n <= 1000000 THEN 'discarded'
             WHEN n <= 1060000 THEN 'available' WHEN n <= 1090000 THEN 'scheduled' WHEN n <= 1099900 THEN 'retryable'
             ELSE 'executing' END::oban_job_state,
        'queue_' || n % 20, 'Worker', CASE WHEN n > 1000000 AND n <= 1090000 THEN 0 ELSE 1 END, n % 4,
        timezone('UTC', now()) - (1100000 - n) * interval '1 second' + interval '5 hours',
        timezone('UTC', now()), ARRAY['web.1', 'b9d33187-dc53-4ad9-a75f-8bb26812909f'],
        CASE WHEN n <= 980000 THEN timezone('UTC', now()) - (1100000 - n) * interval '1 second' END,
        CASE WHEN n > 980000 AND n <= 990000 THEN timezone('UTC', now()) END,
        CASE WHEN n > 990000 AND n <= 1000000 THEN timezone('UTC', now()) END
    FROM generate_series(1, 1100000) AS n";

/// Runs of those that are planned for their values, and what each is to use: the indexes that the header names, if
/// there is no other list.
const BY_VALUE: [(&str, &str, Option<&[&str]>); 16] = [
    ("cancel_jobs", "NULL, '{7,1050000}', NULL, NULL, NULL, NULL, NULL, 'c', NULL", PRIMARY_KEY),
    ("cancel_jobs", "NULL, NULL, NULL, NULL, '{Other}', NULL, 100, 'c', NULL", None),
    ("retry_jobs", "NULL, '{7}', NULL, NULL, NULL, NULL, NULL, 'c', NULL", PRIMARY_KEY),
    ("retry_jobs", "NULL, NULL, NULL, '{queue_1}', NULL, NULL, 100, 'c', NULL", None),
    ("delete_jobs", "'{7}', NULL, NULL, NULL, NULL, NULL, NULL", PRIMARY_KEY),
    ("delete_jobs", "NULL, NULL, '{queue_1}', NULL, NULL, 100, NULL", None),
    (
        "update_jobs",
        "NULL, '{7}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1, NULL, NULL, NULL, NULL",
        PRIMARY_KEY,
    ),
    (
        "update_jobs",
        "NULL, NULL, NULL, '{queue_1}', NULL, NULL, 100, NULL, NULL, NULL, NULL, NULL, 1, NULL, NULL, NULL, NULL",
        None,
    ),
    ("list_jobs", "'{7}', NULL, NULL, NULL, NULL, NULL, NULL", PRIMARY_KEY),
    ("list_jobs", "NULL, NULL, '{queue_1}', NULL, NULL, 100, NULL", None),
    ("count_jobs", "'{7}', '{completed}', NULL, NULL, NULL, NULL", PRIMARY_KEY),
    ("count_jobs", "NULL, '{available}', NULL, NULL, NULL, NULL", Some(&["oban_jobs_available_index"])),
    (
        "count_jobs",
        "NULL, '{executing,retryable,discarded,cancelled}', NULL, NULL, NULL, NULL",
        Some(&[
            "oban_jobs_executing_index",
            "oban_jobs_retryable_index",
            "oban_jobs_discarded_index",
            "oban_jobs_cancelled_index",
        ]),
    ),
    ("count_jobs_up_to_limit", "'{7}', '{completed}', NULL, NULL, NULL, 1000, NULL", PRIMARY_KEY),
    ("count_jobs_up_to_limit", "NULL, NULL, NULL, NULL, NULL, 1000, NULL", None),
    (
        "count_jobs_up_to_limit",
        "NULL, '{completed}', NULL, NULL, NULL, 1000, NULL",
        Some(&["oban_jobs_completed_index"]),
    ),
];

const PRIMARY_KEY: Option<&[&str]> = Some(&["oban_jobs_pkey"]);

/// To find all rows in a state, Oban's indexes are alike.
const BY_STATE: [&str; 3] = [
    "oban_jobs_state_queue_priority_scheduled_at_id_index",
    "oban_jobs_state_cancelled_at_index",
    "oban_jobs_state_discarded_at_index",
];

#[tokio::test]
async fn statements_use_the_indexes_they_name_in_both_profiles() {
    let database = Database::migrated().await;
    let mut conn = PgConnection::connect_with(&database.options()).await.unwrap();
    execute(&mut conn, FILL).await;
    execute(&mut conn, "ANALYZE oban_jobs").await;
    check(&mut conn).await;

    let elixir = Postgres::new(database.pool()).index_profile(IndexProfile::Elixir);
    elixir.migrate().await.unwrap();
    execute(&mut conn, "ANALYZE oban_jobs").await;
    check(&mut conn).await;
}

/// `SKIP LOCKED` would pass over them too, but row by row in the server's table of locks.
#[tokio::test]
async fn a_fetch_behind_a_position_does_not_ask_for_the_locks_of_others() {
    let database = Database::migrated().await;
    let mut conn = PgConnection::connect_with(&database.options()).await.unwrap();
    let mut other = PgConnection::connect_with(&database.options()).await.unwrap();
    execute(
        &mut conn,
        "INSERT INTO oban_jobs (state, worker) SELECT 'available', 'Worker' FROM generate_series(1, 5)",
    )
    .await;
    execute(&mut other, "BEGIN; SELECT 1 FROM oban_jobs WHERE id <= 3 FOR UPDATE").await;
    let (_, text) = statements().into_iter().find(|(name, _)| name == "fetch_jobs").unwrap();
    for (start, removed) in [(1, true), (0, false)] {
        let values = format!("NULL, 1, 'default', 'web.1', 'uuid', -1, '2000-01-01', {start}");
        let fetch =
            explain(&mut conn, "EXPLAIN ANALYZE", "force_generic_plan", "fetch_jobs", &text, &values).await;
        assert_eq!(fetch.contains("Rows Removed by Filter: 3"), removed, "{fetch}");
    }
}

async fn check(conn: &mut PgConnection) {
    let existing = existing_indexes(conn).await;
    let mut problems = String::new();
    for (name, text) in statements() {
        let named = named(&text, &existing);
        let mut runs: Vec<(&str, String, BTreeSet<String>)> = BY_VALUE
            .iter()
            .filter(|(statement, _, _)| *statement == name)
            .map(|(_, values, indexes)| {
                let indexes = indexes.map(|indexes| indexes.iter().map(|&index| index.to_owned()).collect());
                ("force_custom_plan", (*values).to_owned(), indexes.unwrap_or_else(|| named.clone()))
            })
            .collect();
        if runs.is_empty() {
            let parameters = (1..30).filter(|at| text.contains(&format!("${at}::"))).count();
            runs.push(("force_generic_plan", vec!["NULL"; parameters].join(", "), named));
        }
        for (mode, values, expected) in runs {
            let plan = explain(conn, "EXPLAIN", mode, &name, &text, &values).await;
            let used: BTreeSet<String> = plan.split_whitespace().map(str::to_owned).collect();
            let used: BTreeSet<String> = existing.intersection(&used).cloned().collect();
            // Planned for values, a filter may do as well as an index.
            let is_toss_up = mode == "force_custom_plan" && existing.contains(BY_STATE[0]);
            if (alike(&used) != alike(&expected) && !is_toss_up) || plan.contains("Seq Scan on oban_jobs") {
                problems += &format!("{name} is to use {expected:?}\n{plan}\n\n");
            }
        }
    }
    assert!(problems.is_empty(), "{problems}");
}

fn alike(indexes: &BTreeSet<String>) -> BTreeSet<&str> {
    indexes.iter().map(|index| if BY_STATE.contains(&&**index) { BY_STATE[0] } else { index }).collect()
}

async fn explain(
    conn: &mut PgConnection,
    verb: &str,
    mode: &str,
    name: &str,
    text: &str,
    values: &str,
) -> String {
    execute(conn, &format!("SET plan_cache_mode = {mode}; SET jit = off")).await;
    execute(conn, &format!("PREPARE plan AS {}", text.replace("{prefix}", "public"))).await;
    let values = if values.is_empty() { String::new() } else { format!("({values})") };
    let rows =
        sqlx::raw_sql(AssertSqlSafe(format!("{verb} EXECUTE plan{values}"))).fetch_all(&mut *conn).await;
    let lines: Vec<String> =
        rows.unwrap_or_else(|error| panic!("{name}: {error}")).iter().map(|row| row.get(0)).collect();
    execute(conn, "DEALLOCATE plan").await;
    lines.join("\n")
}

async fn existing_indexes(conn: &mut PgConnection) -> BTreeSet<String> {
    let names: Vec<String> =
        sqlx::query_scalar("SELECT indexname::text FROM pg_indexes WHERE tablename = 'oban_jobs'")
            .fetch_all(conn)
            .await
            .unwrap();
    names.into_iter().collect()
}

/// Those of the table of jobs that the header speaks of.
fn named(text: &str, existing: &BTreeSet<String>) -> BTreeSet<String> {
    let header: String = text.lines().filter(|line| line.starts_with("--")).collect();
    existing.iter().filter(|index| header.contains(*index)).cloned().collect()
}
