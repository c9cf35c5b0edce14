//! The engine's own few connections.
//!
//! The runtime's statements do not use the application's pool, for three reasons: a queue must not
//! starve because the application holds every connection; they want settings that must not reach the
//! application's statements; and sqlx's pool sends a ping with each return, which would double the
//! round trips of a fetch. A connection is put back by [`Held::keep`] after all went well. One that was in
//! use when its future was dropped, or when anything failed, is closed: nothing half-done is left on it.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use oban_core::{Error, ErrorKind, Result};
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, PgPool, Postgres, postgres::PgRow, query::Query};
use sqlx_postgres::PgArguments;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

use crate::{error, sql::Session};

/// Two are enough for one machine's fetches; the rest is for housekeeping beside them.
const CONNECTIONS: usize = 4;
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// Firewalls forget idle connections without a word, so old ones are not trusted.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// Plans are made once: for each array's length again, they would be no better. They are to hold when the
/// table has grown since, so they never read it whole.
const SETTINGS: &str = "SET plan_cache_mode = force_generic_plan; SET jit = off; SET enable_seqscan = off; \
     SET enable_hashjoin = off; SET enable_mergejoin = off";

/// A handle to at most four connections; clones are one pool. Opens them when they are needed.
#[derive(Clone, Debug)]
pub(crate) struct OwnPool {
    /// Whose options we connect with. They are asked each time, as passwords may be rotated.
    model: PgPool,
    permits: Arc<Semaphore>,
    idle: Arc<Idle>,
    /// What each connection defines for itself; none where connections are not kept.
    session: Option<Arc<Session>>,
}

type Idle = Mutex<Vec<(Own, Instant)>>;

#[derive(Debug)]
struct Own {
    conn: PgConnection,
    session: Option<Arc<Session>>,
}

/// A connection on loan.
#[derive(Debug)]
pub(crate) struct Held {
    own: Own,
    idle: Arc<Idle>,
    _permit: OwnedSemaphorePermit,
}

impl OwnPool {
    /// A pool that connects as `model` does. Without `session`, nothing is set on a connection and no
    /// statement keeps its name, as poolers need it that hand out connections per transaction.
    pub(crate) fn new(model: PgPool, session: Option<Arc<Session>>) -> Self {
        Self { model, permits: Arc::new(Semaphore::new(CONNECTIONS)), idle: Arc::default(), session }
    }

    /// Runs one statement on a connection of its own and returns its rows.
    pub(crate) async fn fetch_all(
        &self,
        operation: &'static str,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>> {
        let mut held = self.acquire(operation).await?;
        match error::within(operation, query.fetch_all(&mut *held)).await {
            Ok(rows) => {
                held.keep();
                Ok(rows)
            }
            Err(error) => Err(self.lost(error)),
        }
    }

    /// Borrows a connection for several statements.
    pub(crate) async fn acquire(&self, operation: &'static str) -> Result<Held> {
        let connected = timeout(ACQUIRE_TIMEOUT, async {
            let permit =
                Arc::clone(&self.permits).acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
            let own = match self.take_idle() {
                Some(own) => own,
                None => self.connect().await?,
            };
            Ok(Held { own, idle: Arc::clone(&self.idle), _permit: permit })
        });
        match connected.await {
            Ok(held) => held.map_err(error::of_connecting(operation)),
            Err(_) => Err(Error::new(
                ErrorKind::Unavailable,
                operation,
                "no connection to the database within five seconds",
            )),
        }
    }

    /// After the loss of one connection its siblings are suspect: the next call is to open a new one.
    pub(crate) fn lost(&self, error: Error) -> Error {
        if error.kind() == ErrorKind::Unavailable {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        error
    }

    fn take_idle(&self) -> Option<Own> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(_, since)| since.elapsed() < IDLE_TIMEOUT);
        idle.pop().map(|(own, _)| own)
    }

    async fn connect(&self) -> Result<Own, sqlx::Error> {
        let mut options = (*self.model.connect_options()).clone().application_name("oban");
        if self.session.is_none() {
            options = options.statement_cache_capacity(0);
        }
        let mut conn = options.connect().await?;
        let mut session = None;
        if let Some(wanted) = &self.session {
            sqlx::raw_sql(SETTINGS).execute(&mut conn).await?;
            let define = AssertSqlSafe(Arc::clone(&wanted.define_ack_and_fetch_jobs));
            match sqlx::raw_sql(define).execute(&mut conn).await {
                Ok(_) => session = Some(Arc::clone(wanted)),
                // The role may not make temporary objects. It takes a few round trips more then.
                Err(sqlx::Error::Database(error)) => tracing::debug!(%error, "doing without a function"),
                Err(error) => return Err(error),
            }
        }
        Ok(Own { conn, session })
    }
}

impl Held {
    /// Puts the connection back for the next caller.
    pub(crate) fn keep(self) {
        let Self { own, idle, _permit } = self;
        idle.lock().unwrap_or_else(PoisonError::into_inner).push((own, Instant::now()));
    }

    /// What this connection has defined, if it could.
    pub(crate) fn session(&self) -> Option<Arc<Session>> {
        self.own.session.clone()
    }
}

impl Deref for Held {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.own.conn
    }
}

impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.own.conn
    }
}
