//! Inserting in the application's own transaction.

use oban_core::{Error, ErrorKind, Inserted, NewJob, Oban, Result};
use rusqlite::Transaction;

use crate::{Sqlite, engine::insert, error::from_sqlite, writer::Write};

/// Inserts jobs together with the application's own rows: both are there, or neither.
///
/// The jobs are visible and announced only if the transaction commits; nodes hear of them
/// within the [watch interval](crate::Builder::watch_interval). The transaction is neither begun, committed nor
/// retried here. Begin it with `TransactionBehavior::Immediate` if it reads before it writes: SQLite
/// fails a reader that turns writer after someone else's commit.
///
/// These calls block like rusqlite itself, and change the connection's `last_insert_rowid`.
///
/// ```
/// # use oban_core::{NewJob, Oban};
/// use oban_sqlite::{InsertTx, rusqlite::{Connection, TransactionBehavior}};
/// # use serde_json::json;
///
/// fn sign_up(oban: &Oban, conn: &mut Connection, name: &str) -> Result<(), Box<dyn std::error::Error>> {
///     let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
///     tx.execute("INSERT INTO users (name) VALUES (?1)", [name])?;
///     oban.insert_tx(&tx, NewJob::new("SendWelcome", json!({ "user_id": tx.last_insert_rowid() })))?;
///     tx.commit()?;
///     Ok(())
/// }
/// ```
pub trait InsertTx {
    /// Inserts a job and returns it as stored.
    ///
    /// # Errors
    /// `Invalid`, before any SQL runs, for a job with problems or a transaction on another file
    /// than the engine's; `Unsupported` when the instance does not run on SQLite; `Contended`
    /// when another transaction is in the way.
    fn insert_tx(&self, tx: &Transaction<'_>, job: impl Into<NewJob>) -> Result<Inserted>;

    /// Inserts any number of jobs and returns them as stored, in the order given.
    ///
    /// # Errors
    /// As [`insert_tx`](InsertTx::insert_tx). After an error some jobs may have been written:
    /// roll the transaction back, or begin a savepoint before and roll back to that.
    fn insert_all_tx<J: Into<NewJob>>(
        &self,
        tx: &Transaction<'_>,
        jobs: impl IntoIterator<Item = J>,
    ) -> Result<Vec<Inserted>>;
}

impl InsertTx for Oban {
    fn insert_tx(&self, tx: &Transaction<'_>, job: impl Into<NewJob>) -> Result<Inserted> {
        let mut inserted = insert_in("insert_tx", self, tx, vec![job.into()])?;
        inserted.pop().ok_or_else(|| Error::new(ErrorKind::Store, "insert_tx", "no row was stored"))
    }

    fn insert_all_tx<J: Into<NewJob>>(
        &self,
        tx: &Transaction<'_>,
        jobs: impl IntoIterator<Item = J>,
    ) -> Result<Vec<Inserted>> {
        insert_in("insert_all_tx", self, tx, jobs.into_iter().map(Into::into).collect())
    }
}

fn insert_in(
    operation: &'static str,
    oban: &Oban,
    tx: &Transaction<'_>,
    jobs: Vec<NewJob>,
) -> Result<Vec<Inserted>> {
    for (at, job) in jobs.iter().enumerate() {
        job.validate().map_err(|error| if jobs.len() > 1 { error.with_context("job", at) } else { error })?;
    }
    let engine = engine(operation, oban)?;
    if tx.path() != engine.full_path() {
        return Err(Error::invalid(
            operation,
            "the transaction is of another file than the jobs; connect to the file of the engine",
        )
        .with_context("transaction", tx.path().unwrap_or("in memory"))
        .with_context("engine", engine.path().display()));
    }
    insert::insert(&mut Write::new(tx, engine.now()), jobs).map_err(|error| from_sqlite(operation, error))
}

fn engine<'o>(operation: &'static str, oban: &'o Oban) -> Result<&'o Sqlite> {
    oban.engine::<Sqlite>().ok_or_else(|| {
        Error::new(
            ErrorKind::Unsupported,
            operation,
            "a transaction of SQLite cannot insert into another kind of store; run the instance on \
             oban_sqlite::Sqlite, or use the method of its own driver",
        )
        .with_context("transaction", "sqlite")
        .with_context("engine", oban.store().capabilities().name)
    })
}
