//! Every statement prepares on a file that `open` made.
use std::{fs, path::Path};

use oban_core::JobState;
use oban_sqlite::{Sqlite, rusqlite::Connection};

#[tokio::test]
async fn every_statement_prepares() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jobs.db");
    let _engine = Sqlite::open(&path).await.unwrap();
    let conn = Connection::open(&path).unwrap();

    let mut prepared = 0;
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("sql")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let sql = fs::read_to_string(&path).unwrap();
        assert!(sql.starts_with("-- "), "{} lacks a header", path.display());
        assert!(sql.contains("\n-- Index: "), "{} names no index", path.display());
        for sql in expand(&sql) {
            conn.prepare(&sql).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            prepared += 1;
        }
    }
    assert!(prepared > 30, "only {prepared} statements were found");
}

/// A statement as it is, or once for each state.
fn expand(sql: &str) -> Vec<String> {
    if !sql.contains("WHERE {state}") {
        return vec![sql.to_owned()];
    }
    JobState::ALL
        .into_iter()
        .map(|state| sql.replace("WHERE {state}", &format!("WHERE state = '{state}'")))
        .collect()
}
