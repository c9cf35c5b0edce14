use std::sync::Arc;

use oban_core::{Fetch, Fetched, Job, JobId, Position, QueueMeta, Reclaimed, Result};
use sqlx::{Connection, PgConnection, Row, postgres::PgRow, query::Query};
use sqlx_postgres::PgArguments;

use super::ack;
use crate::{Postgres, bind::bounded, error::within, row, sql::Session};

type Statement = Query<'static, sqlx::Postgres, PgArguments>;

const OPERATION: &str = "fetch_jobs";

/// One statement when there is only one thing to do. Acks come first, as a statement of their own.
pub(super) async fn fetch(postgres: &Postgres, fetch: Fetch<'_>) -> Result<Fetched> {
    let wanted = fetch.demand > 0 && fetch.queue.is_fetching();
    if !wanted {
        return Ok(Fetched { jobs: Vec::new(), acked: ack::ack(postgres, fetch.acks).await? });
    }
    if fetch.acks.is_empty() {
        let rows = postgres.own.fetch_all(OPERATION, statement(postgres, fetch)).await?;
        return Ok(Fetched { jobs: sorted(&rows), acked: Vec::new() });
    }
    let mut held = postgres.own.acquire(OPERATION).await?;
    let both = async {
        match held.session() {
            Some(session) => in_one_trip(postgres, &session, &mut held, fetch).await,
            None => in_four_trips(postgres, &mut held, fetch).await,
        }
    };
    match within(OPERATION, both).await {
        Ok(fetched) => {
            held.keep();
            Ok(fetched)
        }
        Err(error) => Err(postgres.own.lost(error)),
    }
}

/// Hands back what a lost answer left executing, and tells which runs are over.
pub(super) async fn reclaim(postgres: &Postgres, meta: &QueueMeta, running: &[JobId]) -> Result<Reclaimed> {
    let running: Vec<i64> = running.iter().map(|id| id.0).collect();
    let statement = postgres.query(&postgres.sql.reclaim_jobs).bind(meta.uuid.to_string()).bind(running);
    let rows = postgres.own.fetch_all("reclaim_jobs", statement).await?;
    let (jobs, gone): (Vec<PgRow>, Vec<PgRow>) =
        rows.into_iter().partition(|row| row.try_get::<&str, _>("before").is_ok());
    let mut gone: Vec<JobId> =
        gone.iter().map(row::id).collect::<Result<_, _>>().map_err(row::unexpected("reclaim_jobs"))?;
    gone.sort_unstable();
    Ok(Reclaimed { jobs: row::touched(&jobs), gone })
}

async fn in_one_trip(
    postgres: &Postgres,
    session: &Session,
    conn: &mut PgConnection,
    fetch: Fetch<'_>,
) -> Result<Fetched, sqlx::Error> {
    let call = bind(ack::bind(postgres, &session.ack_and_fetch_jobs, fetch.acks), fetch);
    let rows = call.fetch_all(conn).await?;
    let (first, rows) = rows.split_first().ok_or(sqlx::Error::RowNotFound)?;
    let acked: Option<Vec<i64>> = first.try_get("acked")?;
    Ok(Fetched { jobs: sorted(rows), acked: acked.into_iter().flatten().map(JobId).collect() })
}

async fn in_four_trips(
    postgres: &Postgres,
    conn: &mut PgConnection,
    fetch: Fetch<'_>,
) -> Result<Fetched, sqlx::Error> {
    let mut tx = conn.begin().await?;
    let acked = ack::bind(postgres, &postgres.sql.ack_jobs, fetch.acks).fetch_all(&mut *tx).await?;
    let rows = statement(postgres, fetch).fetch_all(&mut *tx).await?;
    tx.commit().await?;
    Ok(Fetched { jobs: sorted(&rows), acked: acked.iter().map(row::id).collect::<Result<_, _>>()? })
}

fn statement(postgres: &Postgres, fetch: Fetch<'_>) -> Statement {
    bind(postgres.query(&postgres.sql.fetch_jobs).bind(postgres.now()), fetch)
}

/// What a fetch binds after the time.
fn bind(statement: Statement, fetch: Fetch<'_>) -> Statement {
    let after = fetch.after.unwrap_or(Position::START);
    statement
        .bind(bounded(fetch.demand))
        .bind(fetch.queue.queue.clone())
        .bind(fetch.queue.node.clone())
        .bind(fetch.queue.uuid.to_string())
        .bind(after.priority)
        .bind(after.scheduled_at.naive_utc())
        .bind(after.id.0)
}

/// RETURNING has no order.
fn sorted(rows: &[PgRow]) -> Vec<Arc<Job>> {
    let mut jobs: Vec<Arc<Job>> = row::jobs(rows).into_iter().map(Arc::new).collect();
    jobs.sort_by_key(|job| job.position());
    jobs
}
