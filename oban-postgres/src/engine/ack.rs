use chrono::NaiveDateTime;
use oban_core::{Ack, JobId, Result};
use serde_json::Value;
use sqlx::query::Query;
use sqlx_postgres::PgArguments;

use crate::{Postgres, bind::micros, row, sql::Statement};

const OPERATION: &str = "ack_jobs";

/// One statement, which is a transaction of its own.
pub(super) async fn ack(postgres: &Postgres, acks: &[Ack]) -> Result<Vec<JobId>> {
    if acks.is_empty() {
        return Ok(Vec::new());
    }
    let rows = postgres.own.fetch_all(OPERATION, bind(postgres, &postgres.sql.ack_jobs, acks)).await?;
    rows.iter().map(|row| row::id(row).map_err(row::unexpected(OPERATION))).collect()
}

/// A statement with these acks as its first ten parameters.
pub(super) fn bind(
    postgres: &Postgres,
    statement: &Statement,
    acks: &[Ack],
) -> Query<'static, sqlx::Postgres, PgArguments> {
    let mut sorted: Vec<&Ack> = acks.iter().collect();
    // The order in which rows are locked.
    sorted.sort_by_key(|ack| ack.id);
    let columns = Columns::of(&sorted);
    postgres
        .query(statement)
        .bind(postgres.now())
        .bind(columns.ids)
        .bind(columns.attempts)
        .bind(columns.attempted_ats)
        .bind(columns.states)
        .bind(columns.delays)
        .bind(columns.errors)
        .bind(columns.metas)
        .bind(columns.counters)
        .bind(columns.refunds)
}

/// Acks by column, as `unnest` takes them.
#[derive(Default)]
struct Columns {
    ids: Vec<i64>,
    attempts: Vec<i32>,
    attempted_ats: Vec<Option<NaiveDateTime>>,
    states: Vec<&'static str>,
    delays: Vec<Option<i64>>,
    errors: Vec<Option<String>>,
    metas: Vec<Option<Value>>,
    counters: Vec<Option<&'static str>>,
    refunds: Vec<bool>,
}

impl Columns {
    fn of(acks: &[&Ack]) -> Self {
        let mut columns = Self::default();
        for ack in acks {
            let finish = &ack.finish;
            columns.ids.push(ack.id.0);
            columns.attempts.push(i32::try_from(ack.attempt).unwrap_or(i32::MAX));
            columns.attempted_ats.push(ack.attempted_at.map(|at| at.naive_utc()));
            columns.states.push(finish.state().as_str());
            columns.delays.push(finish.delay().map(micros));
            columns.errors.push(finish.error().map(str::to_owned));
            columns.metas.push(finish.meta().map(Value::Object));
            columns.counters.push(finish.counter());
            columns.refunds.push(finish.refunds_attempt());
        }
        columns
    }
}
