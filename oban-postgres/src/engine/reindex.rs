//! Rebuilding indexes. Each statement stands alone, because none of them may be a part of a transaction.

use std::{sync::Arc, time::Duration};

use oban_core::{Error, ErrorKind, Reindex, Reindexed, Result};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

use crate::{
    Postgres, error, migrate,
    sql::{self, Statement},
};

const OPERATION: &str = "reindex";

/// The database keeps the timeout; this is for one that does not answer any more.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn reindex(postgres: &Postgres, reindex: &Reindex) -> Result<Reindexed> {
    if !postgres.keeps_sessions() {
        let message = "statements with a timeout need a connection of their own, and prepare(false) says that there is \
                       none; run REINDEX INDEX CONCURRENTLY from elsewhere";
        return Err(Error::new(ErrorKind::Unsupported, OPERATION, message));
    }
    let mut session = Session::open(postgres, reindex.timeout).await?;
    let mut done = Reindexed::default();
    // Neither beside another node that is at it, nor beside a migration, which builds indexes too.
    if migrate::try_lock(postgres, &mut session.conn, OPERATION).await? {
        session.rebuild(reindex, &mut done).await?;
        session.clean_up(&mut done).await?;
    }
    // It ends with its lock.
    session.conn.close().await.map_err(error::of(OPERATION))?;
    Ok(done)
}

/// A connection of its own: its settings and its lock must not reach other statements.
struct Session<'a> {
    postgres: &'a Postgres,
    conn: PgConnection,
    timeout: Duration,
}

impl<'a> Session<'a> {
    async fn open(postgres: &'a Postgres, timeout: Duration) -> Result<Self> {
        let options = (*postgres.pool.connect_options()).clone().application_name("oban reindexer");
        let conn = tokio::time::timeout(PATIENCE, options.connect())
            .await
            .map_err(|_| no_answer())?
            .map_err(error::of_connecting(OPERATION))?;
        let mut session = Self { postgres, conn, timeout };
        session.run(&sql::statement_timeout(timeout)).await?;
        Ok(session)
    }

    async fn rebuild(&mut self, reindex: &Reindex, done: &mut Reindexed) -> Result<()> {
        let wanted = (!reindex.indexes.is_empty()).then(|| reindex.indexes.clone());
        let found = self.names(include_str!("../../sql/reindex/indexes.sql"), Some(wanted)).await?;
        for missing in reindex.indexes.iter().filter(|name| !found.contains(name)) {
            let message = "the table of jobs has no valid index of this name";
            done.failed
                .push(Error::new(ErrorKind::NotFound, OPERATION, message).with_context("index", missing));
        }
        for name in found {
            match self.run(&sql::reindex_index(&name, &self.postgres.prefix)).await {
                Ok(()) => done.rebuilt.push(name),
                Err(error) if error.kind() == ErrorKind::Unavailable => return Err(error),
                Err(error) => done.failed.push(self.failure(error, &name)),
            }
        }
        Ok(())
    }

    /// Also what this very call has left, after a timeout.
    async fn clean_up(&mut self, done: &mut Reindexed) -> Result<()> {
        for name in self.names(include_str!("../../sql/reindex/leftovers.sql"), None).await? {
            match self.run(&sql::drop_index(&name, &self.postgres.prefix)).await {
                Ok(()) => done.dropped.push(name),
                Err(error) if error.kind() == ErrorKind::Unavailable => return Err(error),
                Err(error) => done.failed.push(self.failure(error, &name)),
            }
        }
        Ok(())
    }

    async fn names(&mut self, text: &str, wanted: Option<Option<Vec<String>>>) -> Result<Vec<String>> {
        let text = sql::render(text, &self.postgres.prefix);
        let mut query =
            sqlx::query_scalar(AssertSqlSafe(text)).bind(self.postgres.prefix.as_str().to_owned());
        if let Some(wanted) = wanted {
            query = query.bind(wanted);
        }
        error::within(OPERATION, query.fetch_all(&mut self.conn)).await
    }

    async fn run(&mut self, statement: &Statement) -> Result<()> {
        let running = sqlx::raw_sql(AssertSqlSafe(Arc::clone(statement))).execute(&mut self.conn);
        match tokio::time::timeout(self.timeout.saturating_add(PATIENCE), running).await {
            Ok(answer) => answer.map(drop).map_err(error::of(OPERATION)),
            Err(_) => Err(no_answer()),
        }
    }

    fn failure(&self, error: Error, name: &str) -> Error {
        error.with_context("index", name).with_context("timeout", format!("{:?}", self.timeout))
    }
}

fn no_answer() -> Error {
    Error::new(ErrorKind::Unavailable, OPERATION, "the database does not answer")
}
