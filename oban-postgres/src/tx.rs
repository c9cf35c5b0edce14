use oban_core::{Conn, Error, ErrorKind, Inserted, Job, JobFilter, NewJob, Oban, Result};
use sqlx::PgConnection;

use crate::{Postgres, inspect};

/// Inserting on a connection of the application's, so that jobs share the fate of its own rows.
///
/// ```no_run
/// # async fn run(pool: sqlx::PgPool, oban: oban_core::Oban, job: oban_core::NewJob) -> Result<(), Box<dyn std::error::Error>> {
/// use oban_postgres::InsertTx;
///
/// let mut tx = pool.begin().await?;
/// sqlx::query("INSERT INTO users DEFAULT VALUES").execute(&mut *tx).await?;
/// oban.insert_tx(&mut tx, job).await?;
/// tx.commit().await?; // now the job can be seen, and its queue hears of it
/// # Ok(())
/// # }
/// ```
///
/// Nothing is begun, committed, retried or set on the connection. Where a statement fails, Postgres
/// refuses all that follows in the transaction, so roll it back then. However many the jobs, they are inserted
/// by statements, 2,000 with each: a COPY that is dropped halfway would leave the connection with wrong answers.
pub trait InsertTx {
    /// Inserts one job on this connection, in whatever transaction it is in.
    ///
    /// # Errors
    /// `Invalid` for a job with problems, before anything is sent, and for a unique one on a connection that is in no
    /// transaction; `Unsupported` when the instance does not keep its jobs in Postgres, and for a unique one in a
    /// transaction above `READ COMMITTED`; else what the database says.
    fn insert_tx(
        &self,
        conn: &mut PgConnection,
        job: impl Into<NewJob>,
    ) -> impl Future<Output = Result<Inserted>> + Send;

    /// Inserts jobs on this connection, in whatever transaction it is in, and returns them in the order given.
    ///
    /// # Errors
    /// As [`insert_tx`](InsertTx::insert_tx); for the first job with problems, and none is inserted then.
    fn insert_all_tx<J: Into<NewJob>>(
        &self,
        conn: &mut PgConnection,
        jobs: impl IntoIterator<Item = J>,
    ) -> impl Future<Output = Result<Vec<Inserted>>> + Send;
}

impl InsertTx for Oban {
    fn insert_tx(
        &self,
        conn: &mut PgConnection,
        job: impl Into<NewJob>,
    ) -> impl Future<Output = Result<Inserted>> + Send {
        let job = job.into();
        async move {
            let mut inserted = self.insert_on(Conn::new(conn), vec![job]).await?;
            inserted.pop().ok_or_else(|| {
                Error::new(ErrorKind::Store, "insert_jobs", "the database did not return the job")
            })
        }
    }

    fn insert_all_tx<J: Into<NewJob>>(
        &self,
        conn: &mut PgConnection,
        jobs: impl IntoIterator<Item = J>,
    ) -> impl Future<Output = Result<Vec<Inserted>>> + Send {
        let jobs: Vec<NewJob> = jobs.into_iter().map(Into::into).collect();
        async move { self.insert_on(Conn::new(conn), jobs).await }
    }
}

/// Reading jobs on a connection of the application's, so that those of its open transaction are seen.
///
/// Above all for tests that roll back what they did: `assert_enqueued!` of `oban-testing` takes what
/// [`jobs_tx`](InspectTx::jobs_tx) returns.
pub trait InspectTx {
    /// The selected jobs as this connection sees them, lowest id first. Give the filter a limit where there may be many.
    ///
    /// # Errors
    /// `Unsupported` when the instance does not run on [`Postgres`]; else what the database says.
    fn jobs_tx(
        &self,
        conn: &mut PgConnection,
        filter: JobFilter,
    ) -> impl Future<Output = Result<Vec<Job>>> + Send;
}

impl InspectTx for Oban {
    async fn jobs_tx(&self, conn: &mut PgConnection, filter: JobFilter) -> Result<Vec<Job>> {
        let postgres = self.engine::<Postgres>().ok_or_else(|| {
            Error::new(
                ErrorKind::Unsupported,
                "jobs_tx",
                "a connection to Postgres shows no jobs of another store; run the instance on oban_postgres::Postgres, \
                 or read without the connection",
            )
            .with_context("engine", self.store().capabilities().name)
        })?;
        inspect::list_within(postgres, conn, &filter).await
    }
}
