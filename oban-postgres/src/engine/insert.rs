use chrono::NaiveDateTime;
use oban_core::{Channel, Inserted, NewJob, Result};
use serde_json::Value;
use sqlx::{Connection, PgConnection, postgres::PgRow};

use crate::{Postgres, bind::moment, error, row};

const OPERATION: &str = "insert_jobs";

/// Rows of one statement. More bring little speed and much memory.
const CHUNK: usize = 2_000;

/// Inserts in a transaction of our own: one statement when the jobs fit into it.
pub(super) async fn alone(postgres: &Postgres, jobs: &[NewJob]) -> Result<Vec<Inserted>> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let mut conn = postgres.borrow(OPERATION).await?;
    let inserted = if jobs.len() <= CHUNK {
        error::within(OPERATION, chunk(postgres, &mut conn, jobs)).await.and_then(|rows| decode(&rows))
    } else {
        chunks(postgres, &mut conn, jobs).await
    };
    conn.settle(inserted)
}

/// Inserts on a caller's connection, in whatever transaction that is in. How long that may take is the caller's
/// to say.
pub(super) async fn within(
    postgres: &Postgres,
    conn: &mut PgConnection,
    jobs: &[NewJob],
) -> Result<Vec<Inserted>> {
    let mut inserted = Vec::with_capacity(jobs.len());
    for jobs in jobs.chunks(CHUNK) {
        inserted.extend(decode(&chunk(postgres, conn, jobs).await.map_err(error::of(OPERATION))?)?);
    }
    Ok(inserted)
}

/// All or none, with a limit in time for each statement.
async fn chunks(postgres: &Postgres, conn: &mut PgConnection, jobs: &[NewJob]) -> Result<Vec<Inserted>> {
    let mut inserted = Vec::with_capacity(jobs.len());
    let mut tx = error::within(OPERATION, conn.begin()).await?;
    for jobs in jobs.chunks(CHUNK) {
        inserted.extend(decode(&error::within(OPERATION, chunk(postgres, &mut tx, jobs)).await?)?);
    }
    error::within(OPERATION, tx.commit()).await?;
    Ok(inserted)
}

async fn chunk(
    postgres: &Postgres,
    conn: &mut PgConnection,
    jobs: &[NewJob],
) -> Result<Vec<PgRow>, sqlx::Error> {
    let columns = Columns::of(jobs);
    postgres
        .query(&postgres.sql.insert_jobs)
        .bind(postgres.now())
        .bind(postgres.prefix.channel(Channel::Insert))
        .bind(columns.queues)
        .bind(columns.workers)
        .bind(columns.args)
        .bind(columns.metas)
        .bind(columns.tags)
        .bind(columns.max_attempts)
        .bind(columns.priorities)
        .bind(columns.scheduled_ats)
        .bind(columns.delays)
        .fetch_all(conn)
        .await
}

fn decode(rows: &[PgRow]) -> Result<Vec<Inserted>> {
    let job = |row| row::job(row).map(Inserted::new).map_err(row::unexpected(OPERATION));
    rows.iter().map(job).collect()
}

/// New jobs by column, as `unnest` takes them. Tags travel as JSON: an array of arrays has to be rectangular.
#[derive(Default)]
struct Columns<'a> {
    queues: Vec<&'a str>,
    workers: Vec<&'a str>,
    args: Vec<&'a Value>,
    metas: Vec<Value>,
    tags: Vec<Value>,
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
            columns.tags.push(Value::from(job.tags.clone()));
            columns.max_attempts.push(i32::try_from(job.max_attempts).unwrap_or(i32::MAX));
            columns.priorities.push(job.priority);
            columns.scheduled_ats.push(scheduled_at);
            columns.delays.push(delay);
        }
        columns
    }
}
