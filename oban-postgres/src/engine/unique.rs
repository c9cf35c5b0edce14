//! New jobs that may be there already.
//!
//! Inserts of one key wait for each other by an advisory lock, so that an index that is only searched is enough, whatever
//! states and periods count; and so that the second one learns how the first one's transaction ended.

mod lock;
mod replace;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDateTime;
use oban_core::{Inserted, Job, NewJob, Result, UniqueTimestamp};
use sqlx::{PgConnection, Row};

use super::insert::{
    plain,
    terms::{OPERATION, Terms},
};
use crate::{
    Postgres,
    bind::{micros, scheduled_at},
    row,
};
use replace::Replacement;

/// Inserts jobs with these keys, except duplicates. In a transaction.
pub(super) async fn insert(
    postgres: &Postgres,
    conn: &mut PgConnection,
    jobs: Vec<NewJob>,
    keys: &[Option<String>],
    terms: Terms,
) -> Result<Vec<Inserted>> {
    let unique: BTreeSet<&String> = keys.iter().flatten().collect();
    lock::lock(postgres, conn, unique.into_iter().cloned().collect(), terms).await?;
    let mut answers: Vec<Option<Inserted>> = vec![None; jobs.len()];
    let mut open: Vec<usize> = (0..jobs.len()).collect();
    while !open.is_empty() {
        let (round, rest) = first_of_each_key(&open, keys);
        let stored = find(postgres, conn, &jobs, keys, &round, terms).await?;
        let new: Vec<usize> = round.into_iter().filter(|at| !stored.contains_key(at)).collect();
        let given = new.iter().map(|at| jobs[*at].clone()).collect();
        for (at, inserted) in new.into_iter().zip(plain::insert(postgres, conn, given, terms).await?) {
            answers[at] = Some(inserted);
        }
        open = meet(postgres, conn, &jobs, stored, &mut answers, terms).await?;
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

/// Answers duplicates with the stored jobs, which take over what they are to. Returns those whose stored job began to
/// run meanwhile, or the like: they have to look again.
async fn meet(
    postgres: &Postgres,
    conn: &mut PgConnection,
    jobs: &[NewJob],
    stored: BTreeMap<usize, Found>,
    answers: &mut [Option<Inserted>],
    terms: Terms,
) -> Result<Vec<usize>> {
    let (mut places, mut replacements) = (Vec::new(), Vec::new());
    for (at, Found { job: stored, now }) in stored {
        let due = scheduled_at(jobs[at].schedule, now).and_utc();
        match jobs[at].replace.apply(&stored, &jobs[at], due) {
            None => answers[at] = Some(Inserted::conflict(stored)),
            Some(job) => {
                places.push(at);
                replacements.push(Replacement { stored, job });
            }
        }
    }
    let replaced = replace::replace(postgres, conn, &replacements, terms).await?;
    let mut open = Vec::new();
    for (at, Replacement { job, .. }) in places.into_iter().zip(replacements) {
        if replaced.contains(&job.id) {
            answers[at] = Some(Inserted::conflict(job));
        } else {
            open.push(at);
        }
    }
    Ok(open)
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
