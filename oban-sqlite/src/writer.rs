//! The one thread that writes.

use std::{collections::BTreeSet, sync::Arc, thread, time::Duration};

use chrono::{DateTime, Utc};
use oban_core::{Channel, Clock, Result};
use rusqlite::{CachedStatement, Connection, Transaction, TransactionBehavior, named_params};
use serde_json::{Value, json};

use crate::{connection::is_busy, error::from_sqlite, notifier::Relay, sql, thread::ConnectionThread, time};

/// How often a transaction is begun anew after the busy timeout has passed.
const BEGINNINGS: u32 = 3;
const BETWEEN_BEGINNINGS: Duration = Duration::from_millis(50);

/// So many hints stay in the table for processes that have not read them yet.
const KEPT_HINTS: i64 = 1000;
/// Trimming the table with every hint would double the cost of a hint.
const TRIM_EVERY: i64 = 256;

/// Runs write transactions one after the other. SQLite allows one writer at a time anyway.
#[derive(Debug)]
pub(crate) struct Writer {
    thread: ConnectionThread,
    clock: Clock,
    relay: Arc<Relay>,
}

/// A write transaction under way.
pub(crate) struct Write<'c> {
    conn: &'c Connection,
    now: DateTime<Utc>,
    has_hints: bool,
}

impl Writer {
    pub(crate) fn new(thread: ConnectionThread, clock: Clock, relay: Arc<Relay>) -> Self {
        Self { thread, clock, relay }
    }

    /// Runs `work` in a transaction and commits it unless it fails, then has its hints heard at once.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&mut Write<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        // A virtual clock is to be read in the caller's runtime.
        let pinned = self.clock.now();
        let relay = Arc::clone(&self.relay);
        self.thread
            .call(operation, move |conn| {
                transact(conn, pinned, &relay, work).map_err(|error| from_sqlite(operation, error))
            })
            .await
    }
}

fn transact<T>(
    conn: &Connection,
    pinned: Option<DateTime<Utc>>,
    relay: &Relay,
    work: impl FnOnce(&mut Write<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let tx = begin(conn)?;
    // Read once the file is ours, so that times follow the order of the transactions.
    let now = pinned.unwrap_or_else(time::machine_now);
    let mut write = Write::new(&tx, now);
    let value = work(&mut write)?;
    let has_hints = write.has_hints;
    tx.commit()?;
    if has_hints {
        relay.wake();
    }
    Ok(value)
}

/// Takes the write lock first: a transaction that reads and then wants to write fails at once
/// when another one committed in between.
fn begin(conn: &Connection) -> rusqlite::Result<Transaction<'_>> {
    for _ in 1..BEGINNINGS {
        match Transaction::new_unchecked(conn, TransactionBehavior::Immediate) {
            Err(error) if is_busy(&error) => thread::park_timeout(BETWEEN_BEGINNINGS),
            result => return result,
        }
    }
    Transaction::new_unchecked(conn, TransactionBehavior::Immediate)
}

impl<'c> Write<'c> {
    /// A transaction begun on `conn`, at `now`.
    pub(crate) fn new(conn: &'c Connection, now: DateTime<Utc>) -> Self {
        Self { conn, now, has_hints: false }
    }

    /// The time of this transaction.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The connection, for statements.
    pub(crate) fn conn(&self) -> &'c Connection {
        self.conn
    }

    /// A prepared statement.
    pub(crate) fn statement(&self, sql: &str) -> rusqlite::Result<CachedStatement<'c>> {
        self.conn.prepare_cached(sql)
    }

    /// Says that these queues have available jobs, once each.
    pub(crate) fn announce<'q>(&mut self, queues: impl IntoIterator<Item = &'q str>) -> rusqlite::Result<()> {
        for queue in BTreeSet::from_iter(queues) {
            self.notify(Channel::Insert, &json!({ "queue": queue }))?;
        }
        Ok(())
    }

    /// Publishes a hint when this transaction commits.
    pub(crate) fn notify(&mut self, channel: Channel, payload: &Value) -> rusqlite::Result<()> {
        self.statement(sql::NOTIFY)?.execute(named_params! {
            ":channel": channel.as_str(),
            ":payload": payload.to_string(),
        })?;
        let id = self.conn.last_insert_rowid();
        if id % TRIM_EVERY == 0 {
            self.statement(sql::NOTIFY_TRIM)?.execute(named_params! { ":last": id - KEPT_HINTS })?;
        }
        self.has_hints = true;
        Ok(())
    }
}
