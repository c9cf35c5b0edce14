//! The SQLite engine keeps the contract of engines.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use oban_core::Clock;
use oban_sqlite::Sqlite;
use oban_testing::Fixture;

/// Two engines on one file, as two processes have them.
async fn fresh(clock: Clock) -> Fixture {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jobs.db");
    let engine = Sqlite::builder(&path).clock(clock.clone()).open().await.unwrap();
    let other = Sqlite::builder(&path).clock(clock).open().await.unwrap();
    Fixture::new(engine, other).guard(directory)
}

oban_testing::conformance!(fresh);
