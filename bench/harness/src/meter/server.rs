//! What a Postgres server counts.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::{sleep, timeout};
use tokio_postgres::{Client, Config, NoTls};

use crate::{Metric, Reading};

/// Backends hand in their counts when they end; until then up to ten seconds may pass.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

/// A look at one database from another one, so that looking is not counted.
#[derive(Debug)]
pub struct Server {
    client: Client,
    database: String,
}

/// Counts of a database since it was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    transactions: i64,
    wal_bytes: i64,
}

impl Server {
    /// Looks at the database at `url`, from the database `postgres`.
    ///
    /// # Errors
    /// When the URL cannot be read, or nothing answers there.
    pub async fn connect(url: &str) -> Result<Self> {
        let mut config: Config = url.parse().context("reading the URL of the database")?;
        let database = config.get_dbname().context("the URL names no database")?.to_owned();
        let (client, connection) = config.dbname("postgres").connect(NoTls).await?;
        // Ends with the client. Its errors are those of the client's calls.
        tokio::spawn(connection);
        Ok(Self { client, database })
    }

    /// Waits until nobody is connected, and so all that was done is counted.
    ///
    /// # Errors
    /// When somebody stays, or the server does not answer.
    pub async fn quiet(&self) -> Result<()> {
        let backends =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'";
        let nobody = async {
            while self.count(backends).await? > 0 {
                sleep(PAUSE).await;
            }
            anyhow::Ok(())
        };
        timeout(PATIENCE, nobody).await.context("a connection was not closed")?
    }

    pub(crate) async fn usage(&self) -> Result<Usage> {
        Ok(Usage {
            transactions: self.count("SELECT xact_commit FROM pg_stat_database WHERE datname = $1").await?,
            wal_bytes: self
                .count("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint WHERE $1 <> ''")
                .await?,
        })
    }

    /// Statements executed so far. The server must have loaded `pg_stat_statements`.
    ///
    /// # Errors
    /// When it has not.
    pub async fn statements(&self) -> Result<i64> {
        self.client.batch_execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements").await?;
        self.count(
            "SELECT coalesce(sum(calls), 0)::bigint
             FROM pg_stat_statements
             JOIN pg_database AS database ON database.oid = dbid
             WHERE datname = $1",
        )
        .await
        .context("counting statements needs a server with shared_preload_libraries = 'pg_stat_statements'")
    }

    /// Circles of waiting transactions that were broken so far.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn deadlocks(&self) -> Result<i64> {
        self.count("SELECT deadlocks FROM pg_stat_database WHERE datname = $1").await
    }

    /// The one number of a statement about the database.
    async fn count(&self, statement: &str) -> Result<i64> {
        Ok(self.client.query_one(statement, &[&self.database]).await?.try_get(0)?)
    }
}

impl Usage {
    /// What happened from `self` to `later`, for each job.
    pub(crate) fn until(self, later: Self, jobs: usize) -> Reading {
        let per_job = |from: i64, to: i64| (to - from) as f64 / jobs as f64;
        Reading::default()
            .with(Metric::TransactionsPerJob, per_job(self.transactions, later.transactions))
            .with(Metric::WalBytesPerJob, per_job(self.wal_bytes, later.wal_bytes))
    }
}
