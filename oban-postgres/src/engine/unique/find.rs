//! What is stored already.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDateTime;
use oban_core::{Job, NewJob, Result, Unique, UniqueTimestamp};
use sqlx::{PgConnection, Row, postgres::PgRow};

use crate::{
    Postgres,
    bind::{bounded, micros},
    engine::insert::terms::{OPERATION, Terms},
    row,
};

/// The stored jobs that these are duplicates of, by their places.
pub(super) async fn find(
    postgres: &Postgres,
    conn: &mut PgConnection,
    jobs: &[NewJob],
    keys: &[Option<String>],
    places: &[usize],
    terms: Terms,
) -> Result<BTreeMap<usize, Found>> {
    let (places, keys): (Vec<usize>, Vec<&str>) =
        places.iter().filter_map(|&at| Some((at, keys[at].as_deref()?))).unzip();
    if places.is_empty() {
        return Ok(BTreeMap::new());
    }
    let statement = postgres
        .query(&postgres.sql.insert_jobs_known)
        .bind(postgres.now())
        .bind(places.iter().copied().map(bounded).collect::<Vec<_>>())
        .bind(&keys);
    let (mut known, mut several) = (BTreeMap::new(), BTreeSet::new());
    for row in terms.hold(statement.fetch_all(&mut *conn)).await? {
        let at = place(&row).map_err(row::unexpected(OPERATION))?;
        // One in a state that nobody knows is passed by in the look for the oldest, which goes by states.
        match found(&row) {
            Ok(found) if !known.contains_key(&at) => drop(known.insert(at, found)),
            _ => drop(several.insert(at)),
        }
    }
    known.retain(|at, Found { job, now }| {
        let unique = jobs[*at].unique.as_ref();
        !several.contains(at) && unique.is_some_and(|unique| unique.counts(job, now.and_utc()))
    });
    let several = places.into_iter().zip(keys).filter(|(at, _)| several.contains(at));
    known.extend(oldest(postgres, conn, jobs, several, terms).await?);
    Ok(known)
}

/// Of several jobs with each of these keys, the oldest that count.
async fn oldest(
    postgres: &Postgres,
    conn: &mut PgConnection,
    jobs: &[NewJob],
    keys: impl Iterator<Item = (usize, &str)>,
    terms: Terms,
) -> Result<Vec<(usize, Found)>> {
    let mut columns = Columns::default();
    let mut rules: Vec<&Unique> = Vec::new();
    for (at, key) in keys {
        if let Some(unique) = &jobs[at].unique {
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
        return Ok(Vec::new());
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
    let placed: Result<_, sqlx::Error> = rows.iter().map(|row| Ok((place(row)?, found(row)?))).collect();
    placed.map_err(row::unexpected(OPERATION))
}

/// Of the new job whose key the row has.
fn place(row: &PgRow) -> Result<usize, sqlx::Error> {
    let position: i64 = row.try_get("position")?;
    Ok(usize::try_from(position).unwrap_or(usize::MAX))
}

fn found(row: &PgRow) -> Result<Found, sqlx::Error> {
    Ok(Found { job: row::job(row)?, now: row.try_get("now")? })
}

/// A stored job, and the time when it was found.
pub(super) struct Found {
    pub(super) job: Job,
    pub(super) now: NaiveDateTime,
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
