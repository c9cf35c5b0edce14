//! A SQLite file on one connection.

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    time::Duration,
};

use anyhow::Result;
use async_trait::async_trait;
use chrono::{SecondsFormat, Utc};
use harness::{Node, System};
use oban::sqlite::Sqlite;
use rusqlite::{Connection, TransactionBehavior, config::DbConfig, named_params};

use super::{IS_DONE, MAX_ATTEMPTS, args, sqlite_node};
use crate::{QUEUE, WORKER};

const INSERT: &str = include_str!("../../../../oban-sqlite/sql/insert_jobs.sql");
const NOTIFY: &str = include_str!("../../../../oban-sqlite/sql/notify.sql");

/// Everything through one connection, as SQLite has one writer anyway.
pub(crate) async fn sqlite(path: String) -> Result<Box<dyn System>> {
    Sqlite::open(&path).await?;
    let conn = Arc::new(Mutex::new(connect(Path::new(&path))?));
    Ok(Box::new(Raw { conn, wake: Mutex::new(None) }))
}

/// A connection with the settings that `oban` gives its own.
pub(crate) fn connect(path: &Path) -> Result<Connection> {
    let conn = Connection::open(path)?;
    conn.busy_timeout(Duration::from_secs(5))?;
    conn.set_prepared_statement_cache_capacity(64);
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    conn.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(conn)
}

/// The time, as a column keeps it.
pub(super) fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true)
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Raw {
    conn: Arc<Mutex<Connection>>,
    /// Tells the node that there is work.
    wake: Mutex<Option<mpsc::Sender<()>>>,
}

impl Raw {
    fn insert_jobs(&self, count: usize) -> Result<()> {
        {
            let mut conn = lock(&self.conn);
            let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            {
                let now = now();
                let mut statement = tx.prepare_cached(INSERT)?;
                for number in 0..count {
                    statement.execute(named_params! {
                        ":state": "available",
                        ":queue": QUEUE,
                        ":worker": WORKER,
                        ":args": args(number),
                        ":meta": "{}",
                        ":tags": "[]",
                        ":priority": 0,
                        ":max_attempts": MAX_ATTEMPTS,
                        ":now": now,
                        ":scheduled_at": now,
                    })?;
                }
                let payload = format!(r#"{{"queue":"{QUEUE}"}}"#);
                tx.prepare_cached(NOTIFY)?
                    .execute(named_params! { ":channel": "insert", ":payload": payload })?;
            }
            tx.commit()?;
        }
        if let Some(wake) = &*lock(&self.wake) {
            wake.send(())?;
        }
        Ok(())
    }
}

#[async_trait]
impl System for Raw {
    /// The tables came with the file.
    async fn migrate(&self) -> Result<()> {
        Ok(())
    }

    async fn insert(&self) -> Result<()> {
        self.insert_jobs(1)
    }

    /// A single insert is a transaction already.
    async fn insert_tx(&self) -> Option<Result<()>> {
        Some(self.insert_jobs(1))
    }

    async fn insert_bulk(&self, count: usize) -> Result<()> {
        self.insert_jobs(count)
    }

    async fn start(&self, limit: usize) -> Result<Box<dyn Node>> {
        let (wake, woken) = mpsc::channel();
        *lock(&self.wake) = Some(wake.clone());
        Ok(sqlite_node::start(Arc::clone(&self.conn), wake, woken, limit))
    }

    async fn is_done(&self) -> Result<bool> {
        Ok(lock(&self.conn).prepare_cached(IS_DONE)?.query_row([], |row| row.get(0))?)
    }
}
