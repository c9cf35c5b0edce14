//! Versions of the tables: up, down, again, missing, newer, of others.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use oban_core::{Engine, ErrorKind, Inspect, JobFilter, Migrate, NewJob, Unique};
use oban_sqlite::{Sqlite, rusqlite::Connection};
use serde_json::json;
use tempfile::TempDir;

fn file() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jobs.db");
    (directory, path)
}

/// Everything in the catalogue, as text.
fn catalogue(path: &Path) -> Vec<String> {
    let conn = Connection::open(path).unwrap();
    let mut statement = conn
        .prepare("SELECT coalesce(sql, name) FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name")
        .unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// A file as an older version made it.
fn older_file(path: &Path, version: u32) -> Connection {
    let conn = Connection::open(path).unwrap();
    for step in 1..=version {
        let name = format!("sql/migrations/v{step}_up.sql");
        conn.execute_batch(&fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap())
            .unwrap();
    }
    conn.execute("INSERT INTO oban_schema (only_row, version) VALUES (1, ?1)", [version]).unwrap();
    conn
}

async fn insert(engine: &Sqlite) {
    engine.insert_jobs(None, vec![NewJob::new("Worker", json!({}))]).await.unwrap();
}

#[tokio::test]
async fn opening_migrates_and_opening_again_keeps_everything() {
    let (_directory, path) = file();
    let engine = Sqlite::open(&path).await.unwrap();
    assert_eq!(engine.version().await.unwrap(), engine.latest_version());
    engine.verify().await.unwrap();
    insert(&engine).await;
    let before = catalogue(&path);
    drop(engine);

    let engine = Sqlite::open(&path).await.unwrap();
    assert_eq!(engine.list_jobs(&JobFilter::all()).await.unwrap().len(), 1);
    assert_eq!(catalogue(&path), before);
}

#[tokio::test]
async fn goes_down_to_nothing_and_up_again() {
    let (_directory, path) = file();
    let engine = Sqlite::open(&path).await.unwrap();
    let made = catalogue(&path);
    insert(&engine).await;

    engine.migrate_down(0).await.unwrap();
    assert_eq!(catalogue(&path), Vec::<String>::new());
    assert_eq!(engine.version().await.unwrap(), 0);
    engine.migrate_down(0).await.unwrap();

    let error = engine.verify().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unmigrated);
    for part in ["found: 0", "wanted: 4", "migrate_up"] {
        assert!(error.to_string().contains(part), "{part} missing in: {error}");
    }
    let error = engine.insert_jobs(None, vec![NewJob::new("Worker", json!({}))]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unmigrated);

    engine.migrate_up(engine.latest_version()).await.unwrap();
    engine.verify().await.unwrap();
    assert_eq!(catalogue(&path), made);
    insert(&engine).await;
}

#[tokio::test]
async fn opening_brings_an_older_file_up_to_date_and_the_way_back_keeps_jobs() {
    let (_directory, path) = file();
    let engine = Sqlite::open(&path).await.unwrap();
    let made = catalogue(&path);
    insert(&engine).await;
    for older in 1..engine.latest_version() {
        engine.migrate_down(older).await.unwrap();
        assert_eq!(engine.version().await.unwrap(), older);
        assert_ne!(catalogue(&path), made);
        assert_eq!(engine.verify().await.unwrap_err().kind(), ErrorKind::Unmigrated);

        let opened = Sqlite::open(&path).await.unwrap();
        opened.verify().await.unwrap();
        assert_eq!(catalogue(&path), made);
        assert_eq!(opened.list_jobs(&JobFilter::all()).await.unwrap().len(), 1);
    }
}

/// Jobs that were unique in an older file still keep their duplicates out, on the way up, down, and up again.
#[tokio::test]
async fn unique_jobs_stay_so_on_the_way_up_and_down() {
    let unique = |n: u32| NewJob::new("Worker", json!({ "n": n })).unique(Unique::forever());
    let (_directory, path) = file();
    let made = catalogue(Sqlite::open(&path).await.unwrap().path());
    for older in 1..4 {
        let (_directory, path) = file();
        let conn = older_file(&path, older);
        let before = catalogue(&path);
        let key = unique(1).sign().unwrap();
        conn.execute(
            "INSERT INTO oban_jobs (worker, meta) VALUES ('Worker', json_object('unique_key', ?1, 'note', 'old'))",
            [key.as_str()],
        )
        .unwrap();
        // What other writers made of it must not keep the file from being opened.
        conn.execute_batch(
            "PRAGMA ignore_check_constraints = ON;
             INSERT INTO oban_jobs (worker, meta) VALUES ('Broken', '{'), ('Listed', '[1]'), ('Null', '{\"unique_key\":null}')",
        )
        .unwrap();

        let engine = Sqlite::open(&path).await.unwrap();
        assert_eq!(catalogue(&path), made, "from version {older}");
        let keys = || -> Vec<Option<String>> {
            let mut statement = conn.prepare("SELECT unique_key FROM oban_jobs ORDER BY id").unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
        };
        assert_eq!(keys(), [Some(key), None, None, None]);
        let inserted = engine.insert_jobs(None, vec![unique(1), unique(2)]).await.unwrap();
        let conflicts: Vec<bool> = inserted.iter().map(|inserted| inserted.conflict).collect();
        assert_eq!((conflicts, &inserted[0].meta["note"]), (vec![true, false], &json!("old")));
        let filled = keys();

        engine.migrate_down(older).await.unwrap();
        assert_eq!(catalogue(&path), before);
        engine.migrate_up(engine.latest_version()).await.unwrap();
        assert_eq!(keys(), filled);
        let inserted = engine.insert_jobs(None, vec![unique(1), unique(2)]).await.unwrap();
        assert!(inserted.iter().all(|inserted| inserted.conflict), "{inserted:?}");
    }
}

#[tokio::test]
async fn every_step_can_be_run_again() {
    let (_directory, path) = file();
    let engine = Sqlite::open(&path).await.unwrap();
    insert(&engine).await;
    let unique = || vec![NewJob::new("Worker", json!({})).unique(Unique::forever())];
    engine.insert_jobs(None, unique()).await.unwrap();
    let made = catalogue(&path);
    // As after restoring a dump without this row.
    Connection::open(&path).unwrap().execute("DELETE FROM oban_schema", []).unwrap();
    assert_eq!(engine.version().await.unwrap(), 0);

    engine.migrate_up(engine.latest_version()).await.unwrap();
    engine.verify().await.unwrap();
    assert_eq!(catalogue(&path), made);
    assert!(engine.insert_jobs(None, unique()).await.unwrap()[0].conflict);
    assert_eq!(engine.list_jobs(&JobFilter::all()).await.unwrap().len(), 2);
}

#[tokio::test]
async fn refuses_versions_it_does_not_know() {
    let (_directory, path) = file();
    let engine = Sqlite::open(&path).await.unwrap();
    let unknown = engine.latest_version() + 1;
    assert_eq!(engine.migrate_up(unknown).await.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(engine.migrate_down(unknown).await.unwrap_err().kind(), ErrorKind::Invalid);

    Connection::open(&path).unwrap().execute("UPDATE oban_schema SET version = 99", []).unwrap();
    let error = engine.verify().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unmigrated);
    let error = Sqlite::open(&path).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unmigrated);
    assert!(error.to_string().contains("found: 99"), "{error}");
}

#[tokio::test]
async fn leaves_the_application_s_own_tables_and_pragmas_alone() {
    let (_directory, path) = file();
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch(
        "PRAGMA user_version = 7; CREATE TABLE users (name TEXT); INSERT INTO users VALUES ('a')",
    )
    .unwrap();
    let engine = Sqlite::open(&path).await.unwrap();
    engine.migrate_down(0).await.unwrap();
    let user_version: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(user_version, 7);
    assert_eq!(catalogue(&path), ["CREATE TABLE users (name TEXT)"]);
}

#[tokio::test]
async fn names_the_cure_for_a_file_that_cannot_be_used() {
    let (directory, path) = file();
    std::fs::write(&path, "this is no database, but long enough to have a header".repeat(9)).unwrap();
    for (path, kind, part) in [
        (path, ErrorKind::Store, "no SQLite database"),
        (directory.path().join("missing").join("jobs.db"), ErrorKind::Unavailable, "directory"),
        (PathBuf::from(":memory:"), ErrorKind::Invalid, "in-memory engine"),
    ] {
        let error = Sqlite::open(&path).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(part), "{part} missing in: {error}");
    }
}
