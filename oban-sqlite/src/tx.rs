//! Inserting in the application's own transaction.

use oban_core::{Error, ErrorKind, Inserted, NewJob, Result};
use rusqlite::Transaction;

use crate::{Sqlite, engine::insert, error::from_sqlite, writer::Write};

const OPERATION: &str = "insert_tx";
/// Of no engine: the hints are read by every process, this one included, once they are committed.
const ORIGIN: &str = "";

/// Stores jobs in the caller's transaction, which it neither begins nor ends.
fn insert_in(engine: &Sqlite, tx: &Transaction<'_>, jobs: Vec<NewJob>) -> Result<Vec<Inserted>> {
    if tx.path() != engine.full_path() {
        return Err(Error::invalid(
            OPERATION,
            "the transaction is of another file than the jobs; begin it on a connection to the file of the engine",
        )
        .with_context("transaction", tx.path().unwrap_or("in memory"))
        .with_context("engine", engine.path().display()));
    }
    insert::insert(&mut Write::new(tx, engine.now(), ORIGIN), jobs)
        .map_err(|error| from_sqlite(OPERATION, error))
}
