//! What differs between the engines: tables, the user's transactions, and a question past `oban`.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Result, bail};
use async_trait::async_trait;
use oban::{
    Engine, JobFilter, JobState, NewJob, Oban,
    postgres::{self, Postgres},
    sqlite::{self, Sqlite},
    testing::Memory,
};
use rusqlite::{Connection, TransactionBehavior};
use sqlx::{AssertSqlSafe, PgPool};

use crate::{Ready, raw};

/// An engine, and the application's own way to its database.
#[async_trait]
pub(super) trait Store: Send + Sync + 'static {
    fn engine(&self) -> Arc<dyn Engine>;

    async fn migrate(&self) -> Result<()>;

    fn has_transactions(&self) -> bool;

    /// Inserts in a transaction of the application's.
    async fn insert_tx(&self, oban: &Oban, job: NewJob) -> Result<()>;

    /// Whether nothing waits or runs.
    async fn is_done(&self) -> Result<bool>;
}

/// A Postgres server.
pub(super) struct Server {
    pool: PgPool,
    postgres: Postgres,
}

impl Server {
    pub(super) async fn connect(url: &str) -> Result<Self> {
        let pool = PgPool::connect(url).await?;
        Ok(Self { postgres: Postgres::new(pool.clone()), pool })
    }
}

#[async_trait]
impl Store for Server {
    fn engine(&self) -> Arc<dyn Engine> {
        Arc::new(self.postgres.clone())
    }

    async fn migrate(&self) -> Result<()> {
        Ok(self.postgres.migrate().await?)
    }

    fn has_transactions(&self) -> bool {
        true
    }

    async fn insert_tx(&self, oban: &Oban, job: NewJob) -> Result<()> {
        use postgres::InsertTx;

        let mut tx = self.pool.begin().await?;
        oban.insert_tx(&mut tx, job).await?;
        Ok(tx.commit().await?)
    }

    async fn is_done(&self) -> Result<bool> {
        let statement = sqlx::query_scalar(AssertSqlSafe(raw::IS_DONE));
        Ok(statement.fetch_one(&self.pool).await?)
    }
}

/// A SQLite file.
pub(super) struct File {
    conn: Mutex<Connection>,
    sqlite: Sqlite,
}

impl File {
    pub(super) async fn open(path: &str) -> Result<Self> {
        let sqlite = Sqlite::open(path).await?;
        Ok(Self { conn: Mutex::new(raw::connect(Path::new(path))?), sqlite })
    }
}

#[async_trait]
impl Store for File {
    fn engine(&self) -> Arc<dyn Engine> {
        Arc::new(self.sqlite.clone())
    }

    /// The tables came with the file.
    async fn migrate(&self) -> Result<()> {
        Ok(())
    }

    fn has_transactions(&self) -> bool {
        true
    }

    async fn insert_tx(&self, oban: &Oban, job: NewJob) -> Result<()> {
        use sqlite::InsertTx;

        let mut conn = self.conn.lock().unwrap_or_else(PoisonError::into_inner);
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        oban.insert_tx(&tx, job)?;
        Ok(tx.commit()?)
    }

    async fn is_done(&self) -> Result<bool> {
        let conn = self.conn.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(conn.prepare_cached(raw::IS_DONE)?.query_row([], |row| row.get(0))?)
    }
}

#[async_trait]
impl Store for Memory {
    fn engine(&self) -> Arc<dyn Engine> {
        Arc::new(self.clone())
    }

    async fn migrate(&self) -> Result<()> {
        Ok(())
    }

    fn has_transactions(&self) -> bool {
        false
    }

    async fn insert_tx(&self, _: &Oban, _: NewJob) -> Result<()> {
        bail!("there is no transaction in memory")
    }

    async fn is_done(&self) -> Result<bool> {
        let unfinished = JobFilter::all().state(JobState::Available).state(JobState::Executing);
        Ok(self.engine().count_jobs(&unfinished).await?.is_empty())
    }
}

#[async_trait]
impl Store for Ready {
    fn engine(&self) -> Arc<dyn Engine> {
        Arc::new(self.clone())
    }

    async fn migrate(&self) -> Result<()> {
        Ok(())
    }

    fn has_transactions(&self) -> bool {
        false
    }

    async fn insert_tx(&self, _: &Oban, _: NewJob) -> Result<()> {
        bail!("there is no transaction without a store")
    }

    async fn is_done(&self) -> Result<bool> {
        Ok(Ready::is_done(self))
    }
}
