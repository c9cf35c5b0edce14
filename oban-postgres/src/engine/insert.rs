//! New jobs become rows: chunk by chunk with a statement each, or by COPY when they are many.

use std::collections::BTreeSet;

use oban_core::{Channel, Inserted, JobState, NewJob, Result};
use serde_json::json;
use sqlx::{Connection, PgConnection, query::Query};
use sqlx_postgres::PgArguments;

use super::{copy, unique};
use crate::{
    Postgres,
    bind::{moment, text_array},
    encode::Jsonb,
    error,
    row::{self, Receipt},
};

pub(super) const OPERATION: &str = "insert_jobs";

/// Whatever the application's default is: above it, an insert that waited for another one would not see its jobs.
pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// Rows of one statement. More bring little speed and much memory.
pub(super) const CHUNK: usize = 2_000;

/// More jobs than these are copied.
const MANY: usize = 5_000;

/// On whose terms statements run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Terms {
    /// In a transaction of our own: each has a limit in time, and many jobs are copied.
    Ours,
    /// On a caller's connection, in whatever transaction it is in: how long that may take is the caller's to say. Never
    /// by COPY: see [`copy`].
    Callers,
}

impl Terms {
    /// Waits for a statement.
    pub(super) async fn hold<T>(
        self,
        statement: impl Future<Output = Result<T, sqlx::Error>> + Send,
    ) -> Result<T> {
        match self {
            Self::Ours => error::within(OPERATION, statement).await,
            Self::Callers => statement.await.map_err(error::of(OPERATION)),
        }
    }
}

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
        plain(postgres, &mut conn, jobs, Terms::Ours).await
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
        plain(postgres, conn, jobs, terms).await
    }
}

/// Inserts jobs as they are. More than fit into one statement in a transaction.
pub(super) async fn plain(
    postgres: &Postgres,
    conn: &mut PgConnection,
    jobs: Vec<NewJob>,
    terms: Terms,
) -> Result<Vec<Inserted>> {
    if terms == Terms::Ours
        && jobs.len() > MANY
        && let Some(receipts) = copy::reserve(postgres, conn, &jobs).await?
    {
        return copy::copy(postgres, conn, jobs, &receipts).await;
    }
    let mut receipts = Vec::with_capacity(jobs.len());
    for jobs in jobs.chunks(CHUNK) {
        let row = terms.hold(statement(postgres, jobs).fetch_one(&mut *conn)).await?;
        receipts.extend(row::receipts(&row, jobs.len(), OPERATION)?);
    }
    Ok(inserted(jobs, receipts))
}

fn statement(postgres: &Postgres, jobs: &[NewJob]) -> Query<'static, sqlx::Postgres, PgArguments> {
    postgres
        .query(&postgres.sql.insert_jobs)
        .bind(postgres.now())
        .bind(postgres.prefix.channel(Channel::Insert))
        .bind(announcements(jobs))
        .bind(column(jobs, |job| job.queue.as_str()))
        .bind(column(jobs, |job| job.worker.as_str()))
        .bind(column(jobs, |job| Jsonb(&job.args)))
        .bind(sparse(jobs, |job| (!job.meta.is_empty()).then_some(Jsonb(&job.meta))))
        .bind(sparse(jobs, |job| (!job.tags.is_empty()).then(|| text_array(&job.tags))))
        .bind(column(jobs, |job| i32::try_from(job.max_attempts).unwrap_or(i32::MAX)))
        .bind(sparse(jobs, |job| (job.priority != 0).then_some(job.priority)))
        .bind(sparse(jobs, |job| moment(job.schedule).0))
        .bind(sparse(jobs, |job| moment(job.schedule).1))
}

fn column<'a, T>(jobs: &'a [NewJob], value: impl Fn(&'a NewJob) -> T) -> Vec<T> {
    jobs.iter().map(value).collect()
}

/// A column up to the last job that has a value there. Those behind it get the default as well.
fn sparse<'a, T>(jobs: &'a [NewJob], value: impl Fn(&'a NewJob) -> Option<T>) -> Vec<Option<T>> {
    let mut values = column(jobs, value);
    values.truncate(values.iter().rposition(Option::is_some).map_or(0, |last| last + 1));
    values
}

/// What is to be heard of these jobs: each queue that gets available ones, once.
pub(super) fn announcements(jobs: &[NewJob]) -> Vec<String> {
    let available = jobs.iter().filter(|job| job.state() == JobState::Available);
    hints(available.map(|job| job.queue.as_str()))
}

/// What is to be heard of these queues, of each once.
pub(super) fn hints<'a>(queues: impl Iterator<Item = &'a str>) -> Vec<String> {
    let queues: BTreeSet<&str> = queues.collect();
    queues.into_iter().map(|queue| json!({ "queue": queue }).to_string()).collect()
}

fn inserted(jobs: Vec<NewJob>, receipts: Vec<Receipt>) -> Vec<Inserted> {
    jobs.into_iter().zip(receipts).map(|(job, receipt)| Inserted::new(row::stored(job, receipt))).collect()
}
