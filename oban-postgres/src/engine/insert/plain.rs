//! Jobs become rows as they are: chunk by chunk with a statement each, or by COPY when they are many.

use std::error::Error as _;

use oban_core::{Channel, Error, Inserted, NewJob, Result};
use sqlx::{PgConnection, query::Query};
use sqlx_postgres::PgArguments;

use super::{
    copy, hints,
    terms::{OPERATION, Terms},
};
use crate::{
    Postgres,
    bind::{moment, text_array},
    encode::Jsonb,
    row::{self, Receipt},
};

/// Rows of one statement. More bring little speed and much memory, and are copied.
pub(in crate::engine) const CHUNK: usize = 2_000;

/// Inserts jobs as they are. More than fit into one statement in a transaction.
pub(in crate::engine) async fn insert(
    postgres: &Postgres,
    conn: &mut PgConnection,
    jobs: Vec<NewJob>,
    terms: Terms,
) -> Result<Vec<Inserted>> {
    if terms == Terms::Ours
        && jobs.len() > CHUNK
        && let Some(receipts) = copy::reserve(postgres, conn, &jobs).await?
    {
        return copy::copy(postgres, conn, jobs, &receipts).await;
    }
    let mut receipts = Vec::with_capacity(jobs.len());
    for jobs in jobs.chunks(CHUNK) {
        let answer = terms.hold(statement(postgres, jobs).fetch_one(&mut *conn)).await;
        let row = answer.map_err(|error| told_if_kept_out(error, jobs.len()))?;
        receipts.extend(row::receipts(&row, jobs.len(), OPERATION)?);
    }
    Ok(inserted(jobs, receipts))
}

/// The statement fails by a division by zero when not all of its rows were stored.
fn told_if_kept_out(error: Error, jobs: usize) -> Error {
    const DIVISION_BY_ZERO: &str = "22012";
    let source = error.source().and_then(|source| source.downcast_ref::<sqlx::Error>());
    let code = source.and_then(sqlx::Error::as_database_error).and_then(sqlx::error::DatabaseError::code);
    if code.as_deref() == Some(DIVISION_BY_ZERO) { row::kept_out(jobs, OPERATION) } else { error }
}

fn statement(postgres: &Postgres, jobs: &[NewJob]) -> Query<'static, sqlx::Postgres, PgArguments> {
    postgres
        .query(&postgres.sql.insert_jobs)
        .bind(postgres.now())
        .bind(postgres.prefix.channel(Channel::Insert))
        .bind(hints::of_jobs(jobs))
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

fn inserted(jobs: Vec<NewJob>, receipts: Vec<Receipt>) -> Vec<Inserted> {
    jobs.into_iter().zip(receipts).map(|(job, receipt)| Inserted::new(row::stored(job, receipt))).collect()
}
