//! The schema: Oban's catalog by version, and beside it what is ours.

mod indexes;
mod steps;
mod version;

pub use indexes::IndexProfile;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use oban_core::{Error, ErrorKind, Migrate, Result};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

use crate::{
    Postgres, error,
    migrate::{steps::LATEST, version::Found},
    sql::{self, Statement},
};

/// How often a migrator looks whether another one has finished.
const PAUSE: Duration = Duration::from_millis(200);

impl Postgres {
    /// Brings the schema up to date: Oban's catalog of version 14, our table of producers, and the indexes
    /// of the profile. Makes the schema itself, if need be. Does nothing to a schema that has all of it.
    ///
    /// Several nodes may call it at once; one works and the others wait. Indexes of a table that was there
    /// before are built without blocking writers.
    ///
    /// # Errors
    /// `Unmigrated` for a schema that is newer than this crate or was made by Oban for Python;
    /// otherwise what the database says, e.g. about missing rights.
    pub async fn migrate(&self) -> Result<()> {
        self.migrate_up(LATEST).await
    }

    /// What is in the schema now.
    pub(crate) async fn found_version(&self) -> Result<Found> {
        let mut conn = self.borrow("verify").await?;
        let found = version::find(self, &mut conn).await;
        conn.settle(found)
    }
}

/// The versions are Oban's, 1 to 14. What is ours exists from version 14 on: it is brought up to date
/// whenever a migration arrives at 14, and removed when one leaves it. Versions below 14 have the table's
/// columns and checks, for going further up or down, and none of Oban's indexes.
#[async_trait]
impl Migrate for Postgres {
    fn latest_version(&self) -> u32 {
        LATEST
    }

    async fn version(&self) -> Result<u32> {
        Ok(self.found_version().await?.version())
    }

    async fn migrate_up(&self, version: u32) -> Result<()> {
        known(version)?;
        let mut conn = self.lock_schema().await?;
        let found = version::find(self, &mut conn).await?;
        found.refuse_foreign()?;
        // Even "IF NOT EXISTS" would need the right to make schemas.
        if !found.has_schema {
            run(&mut conn, &sql::create_schema(&self.prefix)).await?;
        }
        if !found.is_infinite() {
            for step in (found.version() + 1)..=version {
                self.step(&mut conn, &steps::up(step, &self.prefix), step).await?;
            }
        }
        if version == LATEST {
            if !found.is_ours_current() {
                run(&mut conn, &steps::ours_up(&self.prefix)).await?;
            }
            if !found.is_infinite() {
                indexes::arrange(self, &mut conn, &found).await?;
            }
        }
        close(conn).await
    }

    async fn migrate_down(&self, version: u32) -> Result<()> {
        known(version)?;
        let mut conn = self.lock_schema().await?;
        let found = version::find(self, &mut conn).await?;
        found.refuse_foreign()?;
        if version < LATEST && !found.is_infinite() {
            run(&mut conn, &steps::ours_down(&self.prefix)).await?;
            for step in ((version + 1)..=found.version()).rev() {
                self.step(&mut conn, &steps::down(step, &self.prefix), step - 1).await?;
            }
        }
        close(conn).await
    }
}

impl Postgres {
    /// Runs a step and notes the version it leads to, in one transaction: an interrupted migration goes
    /// on where it was.
    async fn step(&self, conn: &mut PgConnection, step: &Statement, leads_to: u32) -> Result<()> {
        let mut tx = conn.begin().await.map_err(error::of(OPERATION))?;
        run(&mut tx, step).await?;
        if leads_to > 0 {
            run(&mut tx, &sql::comment_version(leads_to, &self.prefix)).await?;
        }
        tx.commit().await.map_err(error::of(OPERATION))
    }

    /// A connection of its own that holds the migrators' lock until it is closed. It is asked for again and
    /// again: whoever waits inside the statement holds a snapshot, which building an index would wait for.
    async fn lock_schema(&self) -> Result<PgConnection> {
        let mut conn = self.pool.connect_options().connect().await.map_err(error::of(OPERATION))?;
        run(&mut conn, &sql::WITHOUT_TIMEOUT.into()).await?;
        while !try_lock(self, &mut conn, OPERATION).await? {
            tokio::time::sleep(PAUSE).await;
        }
        Ok(conn)
    }
}

/// Takes the lock of those who change indexes of this schema, unless another session has it. It lasts as long as this one.
pub(crate) async fn try_lock(
    postgres: &Postgres,
    conn: &mut PgConnection,
    operation: &'static str,
) -> Result<bool> {
    let lock = sql::render(include_str!("../sql/migrations/lock.sql"), &postgres.prefix);
    sqlx::query_scalar(AssertSqlSafe(lock))
        .persistent(false)
        .bind(postgres.prefix.as_str())
        .fetch_one(conn)
        .await
        .map_err(error::of(operation))
}

const OPERATION: &str = "migrate";

/// Sends text that may hold several statements.
async fn run(conn: &mut PgConnection, statement: &Statement) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(Arc::clone(statement))).execute(conn).await.map(drop).map_err(|error| {
        match error::of(OPERATION)(error) {
            // Within a migration, "run the migrations" is no help.
            error if error.kind() == ErrorKind::Unmigrated => {
                Error::new(ErrorKind::Store, OPERATION, "the database refused a step").with_source(error)
            }
            error => error,
        }
    })
}

async fn close(conn: PgConnection) -> Result<()> {
    conn.close().await.map_err(error::of(OPERATION))
}

fn known(version: u32) -> Result<()> {
    if version <= LATEST {
        return Ok(());
    }
    Err(Error::invalid(OPERATION, format!("version {version} is unknown; use 0 to {LATEST}")))
}
