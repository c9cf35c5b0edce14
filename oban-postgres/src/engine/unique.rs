//! New jobs that may be there already.
//!
//! Inserts of one key wait for each other by an advisory lock, so that an index that is only searched is enough, whatever
//! states and periods count; and so that the second one learns how the first one's transaction ended.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDateTime;
use oban_core::{Inserted, Job, NewJob, Result, UniqueTimestamp};
use serde_json::Value;
use sqlx::{PgConnection, Row};

use super::insert::{self, OPERATION, Terms};
use crate::{
    Postgres,
    bind::{micros, scheduled_at},
    row,
};

/// Every unique insert holds this lock: many jobs alone, lest they fill the server's table of locks, others together.
const ALL: i64 = 0x6f62_616e_756e_6971;

/// More keys than these take [`ALL`] for themselves. Postgres has room for 64 locks a connection.
const MANY: usize = 50;

/// Inserts jobs, except duplicates. In a transaction.
pub(super) async fn insert(
    postgres: &Postgres,
    conn: &mut PgConnection,
    mut jobs: Vec<NewJob>,
    terms: Terms,
) -> Result<Vec<Inserted>> {
    let keys: Vec<Option<String>> = jobs.iter_mut().map(NewJob::sign).collect();
    lock(postgres, conn, &keys, terms).await?;
    let mut answers: Vec<Option<Inserted>> = vec![None; jobs.len()];
    let mut open: Vec<usize> = (0..jobs.len()).collect();
    while !open.is_empty() {
        let (round, rest) = first_of_each_key(&open, &keys);
        let mut stored = find(postgres, conn, &jobs, &keys, &round, terms).await?;
        let (duplicates, new): (Vec<usize>, Vec<usize>) =
            round.iter().partition(|at| stored.contains_key(at));
        let given = new.iter().map(|at| jobs[*at].clone()).collect();
        for (at, inserted) in new.iter().zip(insert::plain(postgres, conn, given, terms).await?) {
            answers[*at] = Some(inserted);
        }
        open.clear();
        for at in duplicates {
            let Some(found) = stored.remove(&at) else { continue };
            match replace(postgres, conn, found, &jobs[at], terms).await? {
                Some(job) => answers[at] = Some(Inserted::conflict(job)),
                // It began to run, or the like: look again.
                None => open.push(at),
            }
        }
        for (at, first) in rest {
            match answers[first].as_ref().and_then(|answer| as_before(&jobs[at], &jobs[first], answer)) {
                Some(job) => answers[at] = Some(Inserted::conflict(job)),
                None => open.push(at),
            }
        }
        open.sort_unstable();
    }
    Ok(answers.into_iter().flatten().collect())
}

/// One job of each key, as it would meet what the ones before it left, and the rest, each with the one it comes after.
fn first_of_each_key(open: &[usize], keys: &[Option<String>]) -> (Vec<usize>, Vec<(usize, usize)>) {
    let (mut firsts, mut round, mut rest) = (HashMap::new(), Vec::new(), Vec::new());
    for &at in open {
        match keys[at].as_deref().and_then(|key| firsts.get(key).copied()) {
            Some(first) => rest.push((at, first)),
            None => {
                firsts.extend(keys[at].as_deref().map(|key| (key, at)));
                round.push(at);
            }
        }
    }
    (round, rest)
}

/// What a job meets that is unique in the same way as the one of its key before it, without asking.
fn as_before(new: &NewJob, first: &NewJob, answer: &Inserted) -> Option<Job> {
    let unique = new.unique.as_ref().filter(|unique| Some(*unique) == first.unique.as_ref())?;
    if !new.replace.is_empty() || !first.replace.is_empty() {
        return None;
    }
    let job = &answer.job;
    let is_young = unique.counted_from() == UniqueTimestamp::InsertedAt
        || unique.counted_period().is_none()
        || job.scheduled_at >= job.inserted_at;
    let counts = answer.conflict || (is_young && unique.counted_states().contains(&job.state));
    counts.then(|| job.clone())
}

async fn lock(
    postgres: &Postgres,
    conn: &mut PgConnection,
    keys: &[Option<String>],
    terms: Terms,
) -> Result<()> {
    let keys: BTreeSet<i64> = keys.iter().flatten().map(|key| number(key)).collect();
    let is_many = keys.len() > MANY;
    let mut locks = vec![(ALL, !is_many)];
    if !is_many {
        locks.extend(keys.into_iter().map(|key| (key, false)));
    }
    let (keys, shared): (Vec<i64>, Vec<bool>) = locks.into_iter().unzip();
    let statement = postgres.query(&postgres.sql.insert_jobs_lock).bind(keys).bind(shared);
    terms.hold(statement.execute(conn)).await.map(drop)
}

/// Half of a key's digits.
fn number(key: &str) -> i64 {
    key.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok()).map_or(0, u64::cast_signed)
}

/// The stored jobs that these are duplicates of, by their places.
async fn find(
    postgres: &Postgres,
    conn: &mut PgConnection,
    jobs: &[NewJob],
    keys: &[Option<String>],
    places: &[usize],
    terms: Terms,
) -> Result<BTreeMap<usize, Found>> {
    let mut columns = Columns::default();
    for &at in places {
        if let (Some(key), Some(unique)) = (&keys[at], &jobs[at].unique) {
            columns.positions.push(i64::try_from(at).unwrap_or(i64::MAX));
            columns.keys.push(key.clone());
            let states: Vec<&str> = unique.counted_states().iter().map(|state| state.as_str()).collect();
            columns.states.push(format!("{{{}}}", states.join(",")));
            columns.periods.push(unique.counted_period().map(micros));
            columns.by_schedule.push(unique.counted_from() == UniqueTimestamp::ScheduledAt);
        }
    }
    if columns.positions.is_empty() {
        return Ok(BTreeMap::new());
    }
    let statement = postgres
        .query(&postgres.sql.insert_jobs_duplicates)
        .bind(postgres.now())
        .bind(columns.positions)
        .bind(columns.keys)
        .bind(columns.states)
        .bind(columns.periods)
        .bind(columns.by_schedule);
    let rows = terms.hold(statement.fetch_all(conn)).await?;
    rows.iter()
        .map(|row| {
            let position: i64 = row.try_get("position")?;
            let found = Found { job: row::job(row)?, now: row.try_get("now")? };
            Ok((usize::try_from(position).unwrap_or(usize::MAX), found))
        })
        .collect::<Result<_, sqlx::Error>>()
        .map_err(row::unexpected(OPERATION))
}

/// A stored job, and the time when it was found.
struct Found {
    job: Job,
    now: NaiveDateTime,
}

#[derive(Default)]
struct Columns {
    positions: Vec<i64>,
    keys: Vec<String>,
    states: Vec<String>,
    periods: Vec<Option<i64>>,
    by_schedule: Vec<bool>,
}

/// The stored job with what it takes over; `None` if it is not what it was.
async fn replace(
    postgres: &Postgres,
    conn: &mut PgConnection,
    found: Found,
    new: &NewJob,
    terms: Terms,
) -> Result<Option<Job>> {
    let Found { job: stored, now } = found;
    let Some(job) = new.replace.apply(&stored, new, scheduled_at(new.schedule, now).and_utc()) else {
        return Ok(Some(stored));
    };
    let statement = postgres
        .query(&postgres.sql.insert_jobs_replace)
        .bind(job.id.0)
        .bind(stored.state.as_str())
        .bind(job.args.clone())
        .bind(Value::Object(job.meta.clone()))
        .bind(job.tags.clone())
        .bind(job.queue.clone())
        .bind(job.worker.clone())
        .bind(job.priority)
        .bind(i32::try_from(job.max_attempts).unwrap_or(i32::MAX))
        .bind(job.scheduled_at.naive_utc());
    let done = terms.hold(statement.execute(conn)).await?;
    Ok((done.rows_affected() > 0).then_some(job))
}
