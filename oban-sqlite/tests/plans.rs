//! Each statement uses the index its header names, on a large table and without statistics.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path};

use oban_core::JobState;
use oban_sqlite::{
    Sqlite,
    rusqlite::{Connection, OptionalExtension, Row, StatementStatus, config::DbConfig, named_params},
};

const ROWS: u32 = 120_000;

#[tokio::test]
async fn statements_use_the_index_their_header_names() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jobs.db");
    let _engine = Sqlite::open(&path).await.unwrap();
    let conn = Connection::open(&path).unwrap();
    fill(&conn);

    let mut checked = 0;
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("sql")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let sql = fs::read_to_string(&path).unwrap();
        if sql.contains("\nWHERE {state}") {
            for state in JobState::ALL {
                // The same text as the engine's, which is private.
                let staged = "state IN ('scheduled', 'retryable') AND ";
                let prefix = if state == JobState::Scheduled { staged } else { "" };
                let sql = sql.replace("WHERE {state}", &format!("WHERE {prefix}state = '{state}'"));
                let index = match state {
                    JobState::Scheduled => "oban_jobs_staging_index".to_owned(),
                    state => format!("oban_jobs_{state}_index"),
                };
                holds(&conn, &name, &sql, &index);
                let is_sorted = plan(&conn, &name, &sql).concat().contains("B-TREE FOR ORDER BY");
                assert_eq!(
                    is_sorted,
                    name == "select_jobs_by_state",
                    "{name} reads all of the state to sort it"
                );
            }
            checked += 1;
            continue;
        }
        let header = sql.lines().find_map(|line| line.strip_prefix("-- Index: ")).unwrap();
        if !header.starts_with("none") {
            holds(&conn, &name, &sql, header);
            checked += 1;
        }
    }
    assert!(checked > 30, "only {checked} statements were checked");
}

/// Of 100,000 finished jobs of one key none is read where none counts, by its state or by when it was inserted.
#[tokio::test]
async fn a_look_for_duplicates_reads_only_what_may_count() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jobs.db");
    let _engine = Sqlite::open(&path).await.unwrap();
    let conn = Connection::open(&path).unwrap();
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).unwrap();
    fill(&conn);
    let (key, long_ago, lately) =
        ("0123456789abcdef", "2026-01-01T00:00:00.000000Z", "2026-01-02T00:00:00.000000Z");
    conn.execute(
        "UPDATE oban_jobs SET state = iif(id % 2 = 0, 'completed', 'cancelled'), unique_key = ?1, inserted_at = ?2,
           scheduled_at = ?2
         WHERE id <= 100000",
        [key, long_ago],
    )
    .unwrap();

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/insert_jobs_duplicate.sql");
    let sql = fs::read_to_string(file).unwrap();
    let looks_up = "SEARCH oban_jobs USING INDEX oban_jobs_unique_key_index \
                    (unique_key=? AND state=? AND inserted_at>?)";
    let plan = plan(&conn, "insert_jobs_duplicate", &sql);
    assert!(plan.iter().any(|step| step == looks_up), "{plan:?}");
    let incomplete = r#"["suspended","scheduled","available","executing","retryable"]"#;
    let successful = r#"["scheduled","available","executing","retryable","completed"]"#;
    // When jobs are due is not in the index: where finished ones count, those of the key are read.
    for (states, inserted_since, scheduled_since, most) in [
        (incomplete, "", "", 1_000),
        (incomplete, "", lately, 1_000),
        (successful, lately, "", 1_000),
        (successful, "", lately, 50_000 * 10),
    ] {
        let mut statement = conn.prepare(&sql).unwrap();
        let params = named_params! {
            ":key": key, ":states": states, ":inserted_since": inserted_since, ":scheduled_since": scheduled_since,
        };
        let found: Option<i64> = statement.query_row(params, |row| row.get(0)).optional().unwrap();
        assert_eq!(found, None);
        let steps = statement.get_status(StatementStatus::VmStep);
        assert!(steps < most, "{steps} steps for {states} {inserted_since} {scheduled_since}");
    }
}

/// Constraints are checked and indexes kept with every row: a constraint that needs a table of its own makes each insert
/// and each ack twice as expensive, and an index of what is in the meta reads the meta of each plain job.
#[tokio::test]
async fn statements_for_single_rows_build_no_tables_and_read_no_meta() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jobs.db");
    let _engine = Sqlite::open(&path).await.unwrap();
    let conn = Connection::open(&path).unwrap();

    for name in ["insert_jobs", "ack_jobs_complete"] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql").join(name).with_extension("sql");
        let sql = fs::read_to_string(file).unwrap();
        let mut statement = conn.prepare(&format!("EXPLAIN {sql}")).unwrap();
        let step = |row: &Row<'_>| Ok((row.get(1)?, row.get::<_, Option<String>>(5)?.unwrap_or_default()));
        let steps: Vec<(String, String)> =
            statement.raw_query().mapped(step).collect::<Result<_, _>>().unwrap();
        assert!(steps.iter().any(|(step, _)| step == "MakeRecord"), "{name} writes a row: {steps:?}");
        assert!(!steps.iter().any(|(step, _)| step == "OpenEphemeral"), "{name} builds a table: {steps:?}");
        assert!(!steps.iter().any(|(_, operand)| operand.starts_with("->")), "{name} reads meta: {steps:?}");
    }
}

/// The plan names the index, and walks nothing of `oban_jobs` but a partial index.
fn holds(conn: &Connection, name: &str, sql: &str, index: &str) {
    let plan = plan(conn, name, sql);
    let whole = plan.join("\n");
    // An upsert looks into its primary key without a word in the plan.
    let is_upsert = sql.contains("ON CONFLICT");
    assert!(is_upsert || whole.contains(index), "{name} does not use {index}:\n{whole}");
    for step in plan.iter().filter(|step| step.starts_with("SCAN oban_jobs")) {
        assert!(step.contains("_index"), "{name} scans the table:\n{whole}");
    }
}

fn plan(conn: &Connection, name: &str, sql: &str) -> Vec<String> {
    let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let steps = statement.raw_query().mapped(|row| row.get(3)).collect::<Result<_, _>>();
    steps.unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Mostly history, as in an old file.
fn fill(conn: &Connection) {
    conn.execute(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1)
         INSERT INTO oban_jobs (state, queue, worker, attempted_at, completed_at, cancelled_at, discarded_at)
         SELECT
           CASE WHEN n % 20 < 8 THEN
             CASE n % 8 WHEN 0 THEN 'suspended' WHEN 1 THEN 'scheduled' WHEN 2 THEN 'available' WHEN 3 THEN 'executing'
               WHEN 4 THEN 'retryable' WHEN 5 THEN 'cancelled' WHEN 6 THEN 'discarded' ELSE 'completed' END
           ELSE 'completed' END,
           'queue_' || (n % 5), 'Worker',
           '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z',
           '2026-01-01T00:00:00.000000Z'
         FROM numbers",
        [ROWS],
    )
    .unwrap();
    let rows: u32 = conn.query_row("SELECT count(*) FROM oban_jobs", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, ROWS);
}
