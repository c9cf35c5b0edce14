//! The SQLite engine against the model of a job's life.

use oban_sqlite::Sqlite;
use oban_testing::{Fixture, model};

#[test]
fn lives_as_the_model_says() {
    model::check(100, |clock| async move {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("jobs.db");
        let engine = Sqlite::builder(&path).clock(clock.clone()).open().await.unwrap();
        let other = Sqlite::builder(&path).clock(clock).open().await.unwrap();
        Fixture::new(engine, other).guard(directory)
    });
}
