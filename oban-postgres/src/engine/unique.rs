//! New jobs that may be there already.
//!
//! Inserts of one key wait for each other by an advisory lock, so that an index that is only searched is enough, whatever
//! states and periods count; and so that the second one learns how the first one's transaction ended.

mod find;
mod lock;
mod replace;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    mem,
};

use oban_core::{Inserted, NewJob, Result};
use serde_json::Value;
use sqlx::PgConnection;

use super::insert::{plain, terms::Terms};
use crate::{Postgres, bind::scheduled_at};
use find::{Found, find};
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
