//! What the driver's errors mean to a caller.

use std::{future::Future, time::Duration};

use oban_core::{Error, ErrorKind, Result};

/// No statement takes that long; a socket whose other end is gone would take for ever. With the wait for a
/// connection it stays below the 30 seconds after which the runtime gives up: it is for us to close the connection.
const PATIENCE: Duration = Duration::from_secs(20);

/// Turns a driver's error into ours.
pub(crate) fn of(operation: &'static str) -> impl FnOnce(sqlx::Error) -> Error {
    move |error| with_kind(kind(&error), operation, error)
}

/// Turns the error of an attempt to connect into ours. Whatever the database has against it, be it a password
/// that was rotated, has nothing to do with the statement that was to follow, and may be over soon.
pub(crate) fn of_connecting(operation: &'static str) -> impl FnOnce(sqlx::Error) -> Error {
    move |error| with_kind(ErrorKind::Unavailable, operation, error)
}

fn with_kind(kind: ErrorKind, operation: &'static str, error: sqlx::Error) -> Error {
    let message = match kind {
        ErrorKind::Unavailable => "the database cannot be reached or ended the connection",
        ErrorKind::Contended => "another transaction or an operator was in the way",
        ErrorKind::Unmigrated => "the tables are missing or out of date; run `Postgres::migrate`",
        _ => "the database refused",
    };
    Error::new(kind, operation, message).with_source(error)
}

/// Waits for a statement, but not for ever. After a timeout the connection must not be used again.
pub(crate) async fn within<T>(
    operation: &'static str,
    statement: impl Future<Output = Result<T, sqlx::Error>> + Send,
) -> Result<T> {
    match tokio::time::timeout(PATIENCE, statement).await {
        Ok(result) => result.map_err(of(operation)),
        Err(_) => Err(Error::new(ErrorKind::Unavailable, operation, "the database does not answer")
            .with_context("waited", format!("{PATIENCE:?}"))),
    }
}

fn kind(error: &sqlx::Error) -> ErrorKind {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => ErrorKind::Unavailable,
        sqlx::Error::Database(error) => error.code().map_or(ErrorKind::Store, |code| kind_of_code(&code)),
        _ => ErrorKind::Store,
    }
}

/// By the SQLSTATE codes of Postgres, appendix A of its manual.
fn kind_of_code(code: &str) -> ErrorKind {
    match code {
        // Ended by an operator or a crash; starting up; idle for too long.
        "57P01" | "57P02" | "57P03" | "57P05" => ErrorKind::Unavailable,
        // No space, no memory, no locks left: an operator is about to help.
        code if code.starts_with("53") => ErrorKind::Unavailable,
        // After a failover: this is a standby now.
        "25006" => ErrorKind::Unavailable,
        code if code.starts_with("08") => ErrorKind::Unavailable,
        // Serialization failure, deadlock, lock not available; cancelled by an operator or `statement_timeout`.
        "40001" | "40P01" | "55P03" | "57014" => ErrorKind::Contended,
        // No such table, schema, type or column.
        "42P01" | "3F000" | "42704" | "42703" => ErrorKind::Unmigrated,
        // Data exception, constraint violation, limit exceeded: it is about what was sent.
        code if ["22", "23", "54"].iter().any(|class| code.starts_with(class)) => ErrorKind::Invalid,
        _ => ErrorKind::Store,
    }
}

#[cfg(test)]
mod tests {
    use super::{kind_of_code, of, of_connecting};
    use oban_core::ErrorKind;

    #[test]
    fn tells_what_may_succeed_later() {
        for code in ["57P01", "57P03", "08006", "08P01", "53100", "53300"] {
            assert_eq!(kind_of_code(code), ErrorKind::Unavailable, "{code}");
        }
        for code in ["40001", "40P01", "55P03", "57014"] {
            assert_eq!(kind_of_code(code), ErrorKind::Contended, "{code}");
        }
        for code in ["42P01", "3F000"] {
            assert_eq!(kind_of_code(code), ErrorKind::Unmigrated, "{code}");
        }
        for code in ["22P05", "23505", "54000"] {
            assert_eq!(kind_of_code(code), ErrorKind::Invalid, "{code}");
        }
        assert_eq!(kind_of_code("42501"), ErrorKind::Store);
    }

    #[test]
    fn no_connection_is_no_refusal() {
        let error = of_connecting("ack_jobs")(sqlx::Error::ColumnNotFound("any".to_owned()));
        assert!(error.is_transient(), "{error}");
    }

    #[test]
    fn names_the_operation() {
        let error = of("fetch_jobs")(sqlx::Error::PoolTimedOut);
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Unavailable, "fetch_jobs"));
        assert!(error.to_string().contains("cannot be reached"), "{error}");
    }
}
