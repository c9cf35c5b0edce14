//! Who inserts the same unique jobs, one after the other.

use std::time::Duration;

use oban_core::{Error, ErrorKind, Result};
use sqlx::{PgConnection, Row};

use crate::{
    Postgres,
    engine::insert::terms::{OPERATION, Terms},
    row,
};

/// More keys than these lock the schema as a whole. A server has room for 64 locks a connection.
const MANY: usize = 50;

/// How long an insert of ours waits for another transaction, which may be an application's.
const PATIENCE: Duration = Duration::from_secs(10);

/// Waits until nobody else inserts jobs of these keys, and keeps others out until the transaction ends.
pub(super) async fn lock(
    postgres: &Postgres,
    conn: &mut PgConnection,
    mut keys: Vec<String>,
    terms: Terms,
) -> Result<()> {
    let is_many = keys.len() > MANY;
    if is_many {
        keys.clear();
    }
    let statement = postgres
        .query(&postgres.sql.insert_jobs_lock)
        .bind(keys)
        .bind(is_many)
        .bind((terms == Terms::Ours).then(|| format!("{}ms", PATIENCE.as_millis())));
    let locked = terms.hold(statement.fetch_all(&mut *conn)).await.map_err(too_long)?;
    let isolation: &str = match locked.first() {
        Some(row) => row.try_get("isolation").map_err(row::unexpected(OPERATION))?,
        None => "",
    };
    if !matches!(isolation, "read committed" | "read uncommitted") {
        let message = format!(
            "a transaction at {isolation} does not see what others committed since it began, so it could store a \
             unique job twice; insert it at read committed, or in a transaction of its own"
        );
        return Err(Error::new(ErrorKind::Unsupported, OPERATION, message));
    }
    match terms {
        Terms::Ours => Ok(()),
        Terms::Callers => check_transaction(postgres, conn).await,
    }
}

async fn check_transaction(postgres: &Postgres, conn: &mut PgConnection) -> Result<()> {
    let row =
        Terms::Callers.hold(postgres.query(&postgres.sql.insert_jobs_lock_held).fetch_one(conn)).await?;
    if row.try_get("is_held").map_err(row::unexpected(OPERATION))? {
        return Ok(());
    }
    Err(Error::invalid(
        OPERATION,
        "unique jobs need a transaction, in which nobody else inserts the same; begin one on this connection, \
         or insert without the connection",
    ))
}

fn too_long(error: Error) -> Error {
    if error.kind() == ErrorKind::Contended {
        return error
            .with_context("cause", "another transaction holds a unique job like this; nothing was stored");
    }
    error
}
