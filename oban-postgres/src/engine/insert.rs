//! New jobs become rows: chunk by chunk with a statement each, or by COPY when they are many.

use std::collections::BTreeSet;

use chrono::NaiveDateTime;
use oban_core::{Channel, Inserted, JobState, NewJob, Result};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, query::Query};
use sqlx_postgres::PgArguments;

use super::copy;
use crate::{
    Postgres,
    bind::{moment, text_array},
    error,
    row::{self, Receipt},
};

pub(super) const OPERATION: &str = "insert_jobs";

/// Rows of one statement. More bring little speed and much memory.
const CHUNK: usize = 2_000;

/// More jobs than these are copied.
const MANY: usize = 5_000;

/// Inserts in a transaction of our own: one statement when the jobs fit into it.
pub(super) async fn alone(postgres: &Postgres, jobs: Vec<NewJob>) -> Result<Vec<Inserted>> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let mut conn = postgres.borrow(OPERATION).await?;
    let inserted = if jobs.len() <= CHUNK {
        chunks(postgres, &mut conn, jobs).await
    } else {
        all_or_none(postgres, &mut conn, jobs).await
    };
    conn.settle(inserted)
}

/// Inserts on a caller's connection, in whatever transaction that is in. How long that may take is the caller's
/// to say. Never by COPY: see [`copy`].
pub(super) async fn within(
    postgres: &Postgres,
    conn: &mut PgConnection,
    jobs: Vec<NewJob>,
) -> Result<Vec<Inserted>> {
    let mut receipts = Vec::with_capacity(jobs.len());
    for jobs in jobs.chunks(CHUNK) {
        let row = statement(postgres, jobs).fetch_one(&mut *conn).await.map_err(error::of(OPERATION))?;
        receipts.extend(row::receipts(&row, jobs.len(), OPERATION)?);
    }
    Ok(inserted(jobs, receipts))
}

async fn all_or_none(
    postgres: &Postgres,
    conn: &mut PgConnection,
    jobs: Vec<NewJob>,
) -> Result<Vec<Inserted>> {
    let mut tx = error::within(OPERATION, conn.begin()).await?;
    let reserved = if jobs.len() > MANY { copy::reserve(postgres, &mut tx, &jobs).await? } else { None };
    let inserted = match reserved {
        Some(receipts) => copy::copy(postgres, &mut tx, jobs, &receipts).await?,
        None => chunks(postgres, &mut tx, jobs).await?,
    };
    error::within(OPERATION, tx.commit()).await?;
    Ok(inserted)
}

/// Statements, each with a limit in time.
async fn chunks(postgres: &Postgres, conn: &mut PgConnection, jobs: Vec<NewJob>) -> Result<Vec<Inserted>> {
    let mut receipts = Vec::with_capacity(jobs.len());
    for jobs in jobs.chunks(CHUNK) {
        let row = error::within(OPERATION, statement(postgres, jobs).fetch_one(&mut *conn)).await?;
        receipts.extend(row::receipts(&row, jobs.len(), OPERATION)?);
    }
    Ok(inserted(jobs, receipts))
}

fn statement(postgres: &Postgres, jobs: &[NewJob]) -> Query<'static, sqlx::Postgres, PgArguments> {
    let columns = Columns::of(jobs);
    postgres
        .query(&postgres.sql.insert_jobs)
        .bind(postgres.now())
        .bind(postgres.prefix.channel(Channel::Insert))
        .bind(announcements(jobs))
        .bind(columns.queues)
        .bind(columns.workers)
        .bind(columns.args)
        .bind(columns.metas)
        .bind(columns.tags)
        .bind(columns.max_attempts)
        .bind(columns.priorities)
        .bind(columns.scheduled_ats)
        .bind(columns.delays)
}

/// What is to be heard of these jobs: each queue that gets available ones, once.
pub(super) fn announcements(jobs: &[NewJob]) -> Vec<String> {
    let available = jobs.iter().filter(|job| job.state() == JobState::Available);
    let queues: BTreeSet<&str> = available.map(|job| job.queue.as_str()).collect();
    queues.into_iter().map(|queue| json!({ "queue": queue }).to_string()).collect()
}

fn inserted(jobs: Vec<NewJob>, receipts: Vec<Receipt>) -> Vec<Inserted> {
    jobs.into_iter().zip(receipts).map(|(job, receipt)| Inserted::new(row::stored(job, receipt))).collect()
}

/// New jobs by column, as `unnest` takes them.
#[derive(Default)]
struct Columns<'a> {
    queues: Vec<&'a str>,
    workers: Vec<&'a str>,
    args: Vec<&'a Value>,
    metas: Vec<Value>,
    tags: Vec<String>,
    max_attempts: Vec<i32>,
    priorities: Vec<i32>,
    scheduled_ats: Vec<Option<NaiveDateTime>>,
    delays: Vec<Option<i64>>,
}

impl<'a> Columns<'a> {
    fn of(jobs: &'a [NewJob]) -> Self {
        let mut columns = Self::default();
        for job in jobs {
            let (scheduled_at, delay) = moment(job.schedule);
            columns.queues.push(&job.queue);
            columns.workers.push(&job.worker);
            columns.args.push(&job.args);
            columns.metas.push(Value::Object(job.meta.clone()));
            columns.tags.push(text_array(&job.tags));
            columns.max_attempts.push(i32::try_from(job.max_attempts).unwrap_or(i32::MAX));
            columns.priorities.push(job.priority);
            columns.scheduled_ats.push(scheduled_at);
            columns.delays.push(delay);
        }
        columns
    }
}
