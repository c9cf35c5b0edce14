use chrono::NaiveDateTime;
use oban_core::{Channel, Inserted, NewJob, Result};
use serde_json::Value;
use sqlx::{Connection, PgConnection};

use crate::{Postgres, bind::moment, error, row};

const OPERATION: &str = "insert_jobs";

/// Rows of one statement. More bring little speed and much memory.
const CHUNK: usize = 2_000;

/// Inserts in a transaction of our own: one statement when the jobs fit into it.
pub(super) async fn alone(postgres: &Postgres, jobs: &[NewJob]) -> Result<Vec<Inserted>> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let mut conn = postgres.pool.acquire().await.map_err(error::of(OPERATION))?;
    if jobs.len() <= CHUNK {
        return within(postgres, &mut conn, jobs).await;
    }
    let mut tx = conn.begin().await.map_err(error::of(OPERATION))?;
    let inserted = within(postgres, &mut tx, jobs).await?;
    tx.commit().await.map_err(error::of(OPERATION))?;
    Ok(inserted)
}

/// Inserts on a caller's connection, in whatever transaction that is in.
pub(super) async fn within(
    postgres: &Postgres,
    conn: &mut PgConnection,
    jobs: &[NewJob],
) -> Result<Vec<Inserted>> {
    let mut inserted = Vec::with_capacity(jobs.len());
    for chunk in jobs.chunks(CHUNK) {
        let columns = Columns::of(chunk);
        let rows = postgres
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
            .fetch_all(&mut *conn)
            .await
            .map_err(error::of(OPERATION))?;
        for row in &rows {
            inserted.push(Inserted::new(row::job(row).map_err(row::unexpected(OPERATION))?));
        }
    }
    Ok(inserted)
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
