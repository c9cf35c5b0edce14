//! The log of cron entries, whose primary key decides which node inserts a minute's job.

use std::collections::{BTreeSet, HashSet};

use chrono::NaiveDateTime;
use oban_core::{
    CronAction, CronCheck, CronChecked, CronInsert, CronRun, CronStatus, CronTaken, Error, ErrorKind, NewJob,
    Result,
};
use sqlx::{Connection, PgConnection, Row, postgres::PgRow};

use super::insert::{
    self,
    terms::{BEGIN, Terms},
};
use crate::{Postgres, bind::bounded, decode::Stamp, error::within, row};

const OPERATION: &str = "insert_cron_jobs";

pub(super) async fn check(postgres: &Postgres, check: CronCheck<'_>) -> Result<CronChecked> {
    const OPERATION: &str = "check_cron";
    let statement = postgres
        .query(&postgres.sql.check_cron)
        .bind(postgres.now())
        .bind(check.instance.to_owned())
        .bind(check.entries.iter().map(|key| key.name.clone()).collect::<Vec<_>>())
        .bind(check.entries.iter().map(|key| key.schedule.clone()).collect::<Vec<_>>());
    let rows = postgres.own.fetch_all(OPERATION, statement).await?;
    let first =
        rows.first().ok_or_else(|| Error::new(ErrorKind::Store, OPERATION, "no entry was asked about"))?;
    let decoded = || {
        let Stamp(now) = first.try_get("now")?;
        Ok(CronChecked { now, entries: rows.iter().map(status).collect::<Result<_, sqlx::Error>>()? })
    };
    decoded().map_err(row::unexpected(OPERATION))
}

pub(super) async fn insert(postgres: &Postgres, insert: CronInsert<'_>) -> Result<Vec<CronTaken>> {
    let mut held = postgres.own.acquire(OPERATION).await?;
    match within_transaction(postgres, &mut held, insert).await {
        Ok(taken) => {
            held.keep();
            Ok(taken)
        }
        Err(error) => Err(postgres.own.lost(error)),
    }
}

async fn within_transaction(
    postgres: &Postgres,
    conn: &mut PgConnection,
    insert: CronInsert<'_>,
) -> Result<Vec<CronTaken>> {
    let mut tx = within(OPERATION, conn.begin_with(BEGIN)).await?;
    let written = log(postgres, &mut tx, insert).await?;
    let mut taken: Vec<CronTaken> = Vec::new();
    let mut jobs: Vec<NewJob> = Vec::new();
    for (run, given) in insert.runs.iter().enumerate().filter(|(_, run)| written.contains(&line(run))) {
        taken.push(CronTaken { run, inserted: None });
        if let CronAction::Insert(job) = &given.action {
            jobs.push((**job).clone());
        }
    }
    let mut inserted = insert::any(postgres, &mut tx, jobs, Terms::Ours).await?.into_iter();
    for taken in &mut taken {
        if matches!(insert.runs[taken.run].action, CronAction::Insert(_)) {
            taken.inserted = inserted.next();
        }
    }
    trim(postgres, &mut tx, insert, &written).await?;
    within(OPERATION, tx.commit()).await?;
    Ok(taken)
}

/// The entry and the minute of each run that was not in the log.
type Written = HashSet<(String, NaiveDateTime)>;

async fn log(postgres: &Postgres, conn: &mut PgConnection, insert: CronInsert<'_>) -> Result<Written> {
    let runs = insert.runs.iter();
    let statement = postgres
        .query(&postgres.sql.insert_cron_jobs)
        .bind(postgres.now())
        .bind(insert.instance.to_owned())
        .bind(runs.clone().map(|run| run.key.name.clone()).collect::<Vec<_>>())
        .bind(runs.clone().map(|run| run.minute.naive_utc()).collect::<Vec<_>>())
        .bind(runs.clone().map(|run| run.key.schedule.clone()).collect::<Vec<_>>())
        .bind(runs.map(|run| run.action.as_str()).collect::<Vec<_>>());
    let rows = within(OPERATION, statement.fetch_all(conn)).await?;
    let written = rows.iter().map(|row| Ok((row.try_get("name")?, row.try_get("minute")?)));
    written.collect::<Result<_, sqlx::Error>>().map_err(row::unexpected(OPERATION))
}

async fn trim(
    postgres: &Postgres,
    conn: &mut PgConnection,
    insert: CronInsert<'_>,
    written: &Written,
) -> Result<()> {
    let names: BTreeSet<&String> = written.iter().map(|(name, _)| name).collect();
    if names.is_empty() {
        return Ok(());
    }
    let statement = postgres
        .query(&postgres.sql.insert_cron_jobs_trim)
        .bind(insert.instance.to_owned())
        .bind(names.into_iter().cloned().collect::<Vec<_>>())
        .bind(bounded(insert.keep));
    within(OPERATION, statement.execute(conn)).await.map(drop)
}

fn line(run: &CronRun) -> (String, NaiveDateTime) {
    (run.key.name.clone(), run.minute.naive_utc())
}

fn status(row: &PgRow) -> Result<CronStatus, sqlx::Error> {
    let last: Option<Stamp> = row.try_get("last")?;
    Ok(CronStatus { is_known: row.try_get("is_known")?, last: last.map(|Stamp(minute)| minute) })
}
