//! How connections to the file are set up.

use std::{path::Path, thread, time::Duration};

use oban_core::{Error, ErrorKind, Result};
use rusqlite::{Connection, ErrorCode, config::DbConfig};

use crate::error::from_sqlite;

/// More than all our statements, so that none is ever prepared twice.
const STATEMENTS: usize = 64;

/// Of pages kept in memory, at most. Keys of unique jobs are all over their index: with SQLite's default of 2 MB one bulk
/// insert reads and writes the same pages again and again. Of more than this, drains get slower.
const CACHE_KIB: i64 = 8 * 1024;

/// Another process that opens the file at the same instant is done with it within milliseconds.
const RETRY_WAL_EVERY: Duration = Duration::from_millis(10);

/// Opens the file, creating it if need be, in WAL mode.
pub(crate) fn connect(path: &Path, busy_timeout: Duration) -> Result<Connection> {
    let open = || {
        let conn = Connection::open(path)?;
        conn.busy_timeout(busy_timeout)?;
        conn.set_prepared_statement_cache_capacity(STATEMENTS);
        // A plan that may depend on a bound value, be it that of a LIMIT, is made anew each time the value is bound.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        use_wal(&conn, busy_timeout)?;
        conn.pragma_update(None, "synchronous", "NORMAL")?;
        conn.pragma_update(None, "cache_size", -CACHE_KIB)?;
        Ok(conn)
    };
    let conn = open().map_err(|error| from_sqlite("open", error).with_context("path", path.display()))?;
    let mode: String = conn
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .map_err(|error| from_sqlite("open", error))?;
    if mode != "wal" {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "open",
            "the file cannot be used in WAL mode, which needs shared memory; put it on a local disk",
        )
        .with_context("path", path.display())
        .with_context("journal_mode", mode));
    }
    Ok(conn)
}

/// The switch to WAL wants the file alone, and SQLite does not wait for that by itself.
fn use_wal(conn: &Connection, busy_timeout: Duration) -> rusqlite::Result<()> {
    let mut waited = Duration::ZERO;
    loop {
        match conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())) {
            Err(error) if is_busy(&error) && waited < busy_timeout => {
                thread::park_timeout(RETRY_WAL_EVERY);
                waited += RETRY_WAL_EVERY;
            }
            result => return result,
        }
    }
}

/// Whether another connection is in the way.
pub(crate) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

#[cfg(test)]
mod tests {
    use super::connect;
    use crate::{migrate, sql};
    use rusqlite::{StatementStatus, named_params};
    use std::time::Duration;

    #[test]
    fn a_statement_is_prepared_once_whatever_is_bound() {
        let directory = tempfile::tempdir().unwrap();
        let conn = connect(&directory.path().join("jobs.db"), Duration::ZERO).unwrap();
        migrate::on_open(&conn).unwrap();
        let mut fetch = conn.prepare(sql::FETCH_JOBS).unwrap();
        for demand in 1..5 {
            let params =
                named_params! { ":queue": "default", ":demand": demand, ":attempted_by": "[]", ":now": "" };
            assert!(fetch.query(params).unwrap().next().unwrap().is_none());
        }
        assert_eq!(fetch.get_status(StatementStatus::RePrepare), 0);
    }
}
