//! New jobs that may be there already.
//!
//! Inserts of one key wait for each other by an advisory lock, so that an index that is only searched is enough, whatever
//! states and periods count; and so that the second one learns how the first one's transaction ended.

mod lock;
mod replace;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    mem,
};

use chrono::NaiveDateTime;
use oban_core::{Inserted, Job, NewJob, Result, Unique, UniqueTimestamp};
use serde_json::Value;
use sqlx::{PgConnection, Row};

use super::insert::{
    plain,
    terms::{OPERATION, Terms},
};
use crate::{
    Postgres,
    bind::{bounded, micros, scheduled_at},
    row,
};
use replace::Replacement;

/// Inserts jobs with these keys, except duplicates. In a transaction.
pub(super) async fn insert(
    postgres: &Postgres,
    conn: &mut PgConnection,
    mut jobs: Vec<NewJob>,
    keys: &[Option<String>],
    terms: Terms,
) -> Result<Vec<Inserted>> {
    lock::lock(postgres, conn, keys, terms).await?;
    let mut answers: Vec<Option<Inserted>> = vec![None; jobs.len()];
    let mut open: Vec<usize> = (0..jobs.len()).collect();
    while !open.is_empty() {
        let (round, rest) = first_of_each_key(&open, keys);
        let alike: Vec<bool> = rest.iter().map(|(at, first)| is_alike(&jobs[*at], &jobs[*first])).collect();
        let stored = find(postgres, conn, &jobs, keys, &round, terms).await?;
        let new: Vec<usize> = round.into_iter().filter(|at| !stored.contains_key(at)).collect();
        // They are answered, and not looked at again.
        let given = new.iter().map(|at| mem::replace(&mut jobs[*at], NewJob::new("", Value::Null))).collect();
        for (at, inserted) in new.into_iter().zip(plain::insert(postgres, conn, given, terms).await?) {
            answers[at] = Some(inserted);
        }
        open = meet(postgres, conn, &jobs, stored, &mut answers, terms).await?;
        let mut replaced = HashSet::new();
        for ((at, first), is_alike) in rest.into_iter().zip(alike) {
            let meets =
                |before: &&Inserted| jobs[at].unique.as_ref().is_some_and(|unique| unique.meets(before));
            let before = answers[first].as_ref().filter(|_| is_alike && !replaced.contains(&first));
            match before.filter(meets) {
                Some(before) => answers[at] = Some(Inserted::conflict(before.job.clone())),
                None => {
                    open.push(at);
                    // Those behind it are to see what it replaces.
                    replaced.extend((!jobs[at].replace.is_empty()).then_some(first));
                }
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

/// Whether two jobs of one key are unique in the same way, and replace nothing.
fn is_alike(one: &NewJob, other: &NewJob) -> bool {
    one.unique == other.unique && one.replace.is_empty() && other.replace.is_empty()
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
    let mut rules: Vec<&Unique> = Vec::new();
    for &at in places {
        if let (Some(key), Some(unique)) = (&keys[at], &jobs[at].unique) {
            // Most are unique in the way of the one before.
            if rules.last().is_none_or(|rule| *rule != unique) {
                rules.push(unique);
            }
            columns.positions.push(bounded(at));
            columns.keys.push(key);
            columns.rules.push(bounded(rules.len()));
        }
    }
    if rules.is_empty() {
        return Ok(BTreeMap::new());
    }
    let statement = postgres
        .query(&postgres.sql.insert_jobs_duplicates)
        .bind(postgres.now())
        .bind(rules.iter().map(|rule| states(rule)).collect::<Vec<_>>())
        .bind(rules.iter().map(|rule| rule.counted_period().map(micros)).collect::<Vec<_>>())
        .bind(
            rules.iter().map(|rule| rule.counted_from() == UniqueTimestamp::ScheduledAt).collect::<Vec<_>>(),
        )
        .bind(columns.positions)
        .bind(columns.keys)
        .bind(columns.rules);
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
struct Columns<'a> {
    positions: Vec<i64>,
    keys: Vec<&'a str>,
    rules: Vec<i64>,
}

/// The literal of an array.
fn states(rule: &Unique) -> String {
    let states: Vec<&str> = rule.counted_states().iter().map(|state| state.as_str()).collect();
    format!("{{{}}}", states.join(","))
}
