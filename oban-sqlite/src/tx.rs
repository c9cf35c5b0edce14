//! Inserting in the application's own transaction.

use oban_core::{Error, ErrorKind, Inserted, Job, JobFilter, NewJob, Oban, Result, Testing};
use rusqlite::Transaction;

use crate::{Sqlite, engine::insert, error::from_sqlite, inspect, sql, writer::Write};

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

/// Reading jobs in the application's own transaction, so that those it has inserted are seen.
///
/// Above all for tests that roll back what they did: `assert_enqueued!` of `oban-testing` takes what
/// [`jobs_tx`](InspectTx::jobs_tx) returns. It blocks like rusqlite itself.
pub trait InspectTx {
    /// The selected jobs as this transaction sees them, lowest id first. Give the filter a limit where there may be many.
    ///
    /// # Errors
    /// `Invalid` for a transaction on another file than the engine's; `Unsupported` when the instance does not run on
    /// SQLite; else what SQLite says.
    fn jobs_tx(&self, tx: &Transaction<'_>, filter: JobFilter) -> Result<Vec<Job>>;
}

impl InspectTx for Oban {
    fn jobs_tx(&self, tx: &Transaction<'_>, filter: JobFilter) -> Result<Vec<Job>> {
        engine_of("jobs_tx", self, tx)?;
        inspect::list(tx, &filter).map_err(|error| from_sqlite("jobs_tx", error))
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
    if oban.testing() == Some(Testing::Inline) {
        return Err(Error::new(
            ErrorKind::Unsupported,
            operation,
            "a job cannot run within a call that blocks, as this one does; test it with Testing::Manual",
        ));
    }
    let engine = engine_of(operation, oban, tx)?;
    let mut write = Write::new(tx, engine.now());
    let insert = move || {
        if jobs.iter().any(|job| job.unique.is_some()) {
            write.statement(sql::INSERT_JOBS_LOCK)?.execute([])?;
        }
        insert::insert(&mut write, jobs)
    };
    insert().map_err(|error| from_sqlite(operation, error))
}

/// The engine of an instance, if the transaction is of its file.
fn engine_of<'o>(operation: &'static str, oban: &'o Oban, tx: &Transaction<'_>) -> Result<&'o Sqlite> {
    let engine = engine(operation, oban)?;
    if tx.path() != engine.full_path() {
        return Err(Error::invalid(
            operation,
            "the transaction is of another file than the jobs; connect to the file of the engine",
        )
        .with_context("transaction", tx.path().unwrap_or("in memory"))
        .with_context("engine", engine.path().display()));
    }
    Ok(engine)
}

fn engine<'o>(operation: &'static str, oban: &'o Oban) -> Result<&'o Sqlite> {
    oban.engine::<Sqlite>().ok_or_else(|| {
        Error::new(
            ErrorKind::Unsupported,
            operation,
            "a transaction of SQLite holds no jobs of another kind of store; run the instance on \
             oban_sqlite::Sqlite, or use the method of its own driver",
        )
        .with_context("transaction", "sqlite")
        .with_context("engine", oban.store().capabilities().name)
    })
}
