//! A loop that finishes what it took and takes the next, in one transaction.

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use chrono::NaiveDateTime;
use harness::{Node, probe};
use serde_json::Value;
use sqlx::{
    AssertSqlSafe, Connection, PgConnection, Postgres, Row,
    postgres::{PgListener, PgRow},
    query::Query,
};
use sqlx_postgres::PgArguments;
use tokio::{sync::oneshot, task::JoinHandle};
use uuid::Uuid;

use super::postgres_sql::{ACK_AND_FETCH, CHANNEL, DEFINE, FETCH, SETTINGS, query};
use crate::QUEUE;

type Statement = Query<'static, Postgres, PgArguments>;

/// Begins to run jobs, in batches of up to `limit`.
pub(super) async fn start(url: &str, limit: usize) -> Result<Box<dyn Node>> {
    let mut conn = PgConnection::connect(url).await?;
    sqlx::raw_sql(SETTINGS).execute(&mut conn).await?;
    sqlx::raw_sql(AssertSqlSafe(DEFINE.as_str())).execute(&mut conn).await?;
    let mut listener = PgListener::connect(url).await?;
    listener.listen(CHANNEL).await?;
    let (stop, stopped) = oneshot::channel();
    let worker = Worker { conn, limit: i64::try_from(limit)?, uuid: Uuid::new_v4().to_string(), after: None };
    let task = tokio::spawn(worker.run(listener, stopped));
    Ok(Box::new(Running { stop, task }))
}

struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<()>>,
}

#[async_trait]
impl Node for Running {
    async fn stop(self: Box<Self>) -> Result<()> {
        // A task that is gone says why when it is joined.
        let _ = self.stop.send(());
        self.task.await.context("the loop panicked")?
    }
}

struct Worker {
    conn: PgConnection,
    limit: i64,
    uuid: String,
    /// Where the last full fetch ended.
    after: Option<Place>,
}

/// The priority, time and id of a job.
type Place = (i32, NaiveDateTime, i64);

/// What has to be known of a job to run it and to finish it.
struct Job {
    id: i64,
    attempt: i32,
    attempted_at: NaiveDateTime,
    place: Place,
    _worker: String,
    _args: Value,
    _meta: Value,
}

impl Worker {
    async fn run(mut self, mut listener: PgListener, mut stopped: oneshot::Receiver<()>) -> Result<()> {
        let mut running = Vec::new();
        loop {
            running = self.turn(&running).await?;
            running.iter().for_each(|_| probe::reached());
            // As far as the jobs reach that were taken; to the start again when there are no more.
            let looked_back = self.after.is_none();
            let is_full = i64::try_from(running.len())? == self.limit;
            self.after = running.iter().map(|job| job.place).max().filter(|_| is_full);
            if running.is_empty() && looked_back {
                tokio::select! {
                    _ = &mut stopped => return Ok(()),
                    heard = listener.recv() => heard?,
                };
            }
        }
    }

    /// Finishes these jobs and takes the next.
    async fn turn(&mut self, finished: &[Job]) -> Result<Vec<Job>> {
        if finished.is_empty() {
            let fetch = self.bind(query(&FETCH).bind(None::<NaiveDateTime>));
            return fetch.fetch_all(&mut self.conn).await?.iter().map(decode).collect();
        }
        let both = self.bind(bind(query(&ACK_AND_FETCH), finished));
        let rows = both.fetch_all(&mut self.conn).await?;
        let (first, rows) = rows.split_first().context("the function returned nothing")?;
        let acked: Option<Vec<i64>> = first.try_get("acked")?;
        let (acked, count) = (acked.map_or(0, |ids| ids.len()), finished.len());
        ensure!(acked == count, "{acked} of {count} jobs were finished");
        rows.iter().map(decode).collect()
    }

    /// What a fetch takes after the time.
    fn bind(&self, statement: Statement) -> Statement {
        let (priority, scheduled_at, id) = self.after.unwrap_or((i32::MIN, NaiveDateTime::default(), 0));
        let statement = statement.bind(self.limit).bind(QUEUE).bind("raw").bind(self.uuid.clone());
        statement.bind(priority).bind(scheduled_at).bind(id)
    }
}

/// What finishes these jobs.
fn bind(statement: Statement, jobs: &[Job]) -> Statement {
    let count = jobs.len();
    let mut jobs: Vec<_> = jobs.iter().collect();
    jobs.sort_unstable_by_key(|job| job.id);
    statement
        .bind(None::<NaiveDateTime>)
        .bind(jobs.iter().map(|job| job.id).collect::<Vec<_>>())
        .bind(jobs.iter().map(|job| job.attempt).collect::<Vec<_>>())
        .bind(jobs.iter().map(|job| job.attempted_at).collect::<Vec<_>>())
        .bind(vec!["completed"; count])
        .bind(vec![None::<i64>; count])
        .bind(vec![None::<String>; count])
        .bind(vec![None::<Value>; count])
        .bind(vec![None::<String>; count])
        .bind(vec![false; count])
}

fn decode(row: &PgRow) -> Result<Job> {
    Ok(Job {
        id: row.try_get("id")?,
        attempt: row.try_get("attempt")?,
        attempted_at: row.try_get("attempted_at")?,
        place: (row.try_get("priority")?, row.try_get("scheduled_at")?, row.try_get("id")?),
        _worker: row.try_get("worker")?,
        _args: row.try_get("args")?,
        _meta: row.try_get("meta")?,
    })
}
