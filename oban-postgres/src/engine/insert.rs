//! New jobs, in a transaction of our own or on a caller's connection.

mod copy;
pub(super) mod hints;
pub(super) mod plain;
pub(super) mod terms;

use oban_core::{Inserted, NewJob, Result};
use sqlx::{Connection, PgConnection};

use super::unique;
use crate::{Postgres, error};
use plain::CHUNK;
use terms::{BEGIN, OPERATION, Terms};

/// Inserts in a transaction of our own: one statement when the jobs fit into it.
pub(super) async fn alone(postgres: &Postgres, mut jobs: Vec<NewJob>) -> Result<Vec<Inserted>> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let mut conn = postgres.borrow(OPERATION).await?;
    let inserted = if jobs.len() <= CHUNK && jobs.iter().all(|job| job.unique.is_none()) {
        for job in &mut jobs {
            job.sign();
        }
        plain::insert(postgres, &mut conn, jobs, Terms::Ours).await
    } else {
        all_or_none(postgres, &mut conn, jobs).await
    };
    conn.settle(inserted)
}

/// Inserts on a caller's connection.
pub(super) async fn within(
    postgres: &Postgres,
    conn: &mut PgConnection,
    jobs: Vec<NewJob>,
) -> Result<Vec<Inserted>> {
    any(postgres, conn, jobs, Terms::Callers).await
}

async fn all_or_none(
    postgres: &Postgres,
    conn: &mut PgConnection,
    jobs: Vec<NewJob>,
) -> Result<Vec<Inserted>> {
    let mut tx = error::within(OPERATION, conn.begin_with(BEGIN)).await?;
    let inserted = any(postgres, &mut tx, jobs, Terms::Ours).await?;
    error::within(OPERATION, tx.commit()).await?;
    Ok(inserted)
}

/// Inserts any jobs. Unique ones, or more than fit into one statement, in a transaction.
pub(super) async fn any(
    postgres: &Postgres,
    conn: &mut PgConnection,
    mut jobs: Vec<NewJob>,
    terms: Terms,
) -> Result<Vec<Inserted>> {
    let keys: Vec<Option<String>> = jobs.iter_mut().map(NewJob::sign).collect();
    if keys.iter().any(Option::is_some) {
        unique::insert(postgres, conn, jobs, &keys, terms).await
    } else {
        plain::insert(postgres, conn, jobs, terms).await
    }
}
