//! What SQLite's errors mean to the caller.

use oban_core::{Error, ErrorKind};
use rusqlite::ErrorCode;

/// Turns the error that ended `operation` into ours, with its cure where there is one.
pub(crate) fn from_sqlite(operation: &'static str, error: rusqlite::Error) -> Error {
    let (kind, message) = meaning(&error);
    Error::new(kind, operation, message).with_source(error)
}

/// The thread that owns the connection is gone, or died of this call.
pub(crate) fn lost(operation: &'static str) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        operation,
        "the database thread ended before it answered; whether this call took effect is unknown",
    )
}

fn meaning(error: &rusqlite::Error) -> (ErrorKind, &'static str) {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (
            ErrorKind::Contended,
            "another transaction holds the file; keep transactions short, and begin those that write with \
             TransactionBehavior::Immediate",
        ),
        Some(ErrorCode::DatabaseCorrupt) => (
            ErrorKind::Store,
            "the file is damaged; stop every process that uses it and restore it, or try the `.recover` of \
             SQLite's shell",
        ),
        Some(ErrorCode::NotADatabase) => {
            (ErrorKind::Store, "the file is no SQLite database, or an encrypted one; name another path")
        }
        Some(ErrorCode::DiskFull) => (ErrorKind::Unavailable, "the disk is full; free some space"),
        Some(ErrorCode::CannotOpen) => (
            ErrorKind::Unavailable,
            "the file cannot be opened; its directory has to exist and to be writable, since SQLite keeps two \
             more files beside it",
        ),
        Some(ErrorCode::SystemIoFailure) => (ErrorKind::Unavailable, "reading or writing the file failed"),
        Some(ErrorCode::ReadOnly) => {
            (ErrorKind::Store, "the file is read-only; make it and its directory writable")
        }
        Some(ErrorCode::PermissionDenied) => {
            (ErrorKind::Store, "access to the file is denied; change its permissions")
        }
        Some(ErrorCode::ConstraintViolation) => {
            (ErrorKind::Invalid, "a constraint of the table refused the row")
        }
        Some(ErrorCode::TooBig) => (ErrorKind::Invalid, "a value is larger than SQLite stores"),
        _ if error.to_string().contains("no such table: oban_") => {
            (ErrorKind::Unmigrated, "the file holds no jobs table; Sqlite::open makes it, migrate_up as well")
        }
        _ => (ErrorKind::Store, "SQLite refused"),
    }
}

#[cfg(test)]
mod tests {
    use super::from_sqlite;
    use oban_core::ErrorKind;
    use rusqlite::{Connection, ffi};

    #[test]
    fn kinds_follow_what_the_caller_can_do() {
        for (code, kind) in [
            (ffi::SQLITE_BUSY, ErrorKind::Contended),
            (ffi::SQLITE_BUSY_SNAPSHOT, ErrorKind::Contended),
            (ffi::SQLITE_FULL, ErrorKind::Unavailable),
            (ffi::SQLITE_IOERR, ErrorKind::Unavailable),
            (ffi::SQLITE_CONSTRAINT, ErrorKind::Invalid),
            (ffi::SQLITE_TOOBIG, ErrorKind::Invalid),
            (ffi::SQLITE_CORRUPT, ErrorKind::Store),
            (ffi::SQLITE_READONLY, ErrorKind::Store),
        ] {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            assert_eq!(from_sqlite("fetch_jobs", error).kind(), kind, "{code}");
        }
    }

    #[test]
    fn a_missing_table_is_a_missing_migration() {
        let conn = Connection::open_in_memory().unwrap();
        let error = conn.execute("DELETE FROM oban_jobs", []).unwrap_err();
        assert_eq!(from_sqlite("prune_jobs", error).kind(), ErrorKind::Unmigrated);
    }
}
