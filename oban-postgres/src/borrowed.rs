//! Connections of the application's pool.
//!
//! The pool takes back whatever it lent, and asks a returned connection whether it lives, for as long as that takes:
//! one whose other end vanished would keep its place in the pool for ever. So a connection is closed, not
//! returned, unless the database has answered on it.

use std::ops::{Deref, DerefMut};

use oban_core::{ErrorKind, Result};
use sqlx::{PgConnection, Postgres as Driver, pool::PoolConnection, postgres::PgRow, query::Query};
use sqlx_postgres::PgArguments;

use crate::{Postgres, error};

/// A connection on loan from the application.
#[derive(Debug)]
pub(crate) struct Borrowed {
    conn: PoolConnection<Driver>,
    has_answered: bool,
}

impl Postgres {
    /// Runs one statement on a connection of the application's pool and returns its rows.
    pub(crate) async fn ask(
        &self,
        operation: &'static str,
        query: Query<'_, Driver, PgArguments>,
    ) -> Result<Vec<PgRow>> {
        let mut borrowed = self.borrow(operation).await?;
        let rows = error::within(operation, query.fetch_all(&mut *borrowed)).await;
        borrowed.settle(rows)
    }

    /// Borrows a connection for several statements.
    pub(crate) async fn borrow(&self, operation: &'static str) -> Result<Borrowed> {
        let conn = self.pool.acquire().await.map_err(error::of_connecting(operation))?;
        Ok(Borrowed { conn, has_answered: false })
    }
}

impl Borrowed {
    /// Gives the connection back, if the database has answered.
    pub(crate) fn settle<T>(mut self, answer: Result<T>) -> Result<T> {
        self.has_answered = answer.as_ref().err().is_none_or(|error| error.kind() != ErrorKind::Unavailable);
        answer
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        if !self.has_answered {
            self.conn.close_on_drop();
        }
    }
}

impl Deref for Borrowed {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.conn
    }
}

impl DerefMut for Borrowed {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.conn
    }
}
