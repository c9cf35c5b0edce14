//! Jobs that nobody runs any more.

use oban_core::{JobState, Rescue, Touched};
use rusqlite::{CachedStatement, Params, named_params};

use crate::{
    select::{Selected, from_row, limit},
    sql, time,
    writer::Write,
};

const LOST: &str = "the node that ran this attempt is gone, and the attempt was the last one";
const EXHAUSTED: &str = "the job was available although its attempts were used up";

/// Takes back jobs of dead producers and jobs without one, and discards those without attempts left.
pub(super) fn rescue(write: &mut Write<'_>, rescue: Rescue) -> rusqlite::Result<Vec<Touched>> {
    let stale = time::to_text(time::before(write.now(), rescue.stale_after));
    let old = time::to_text(time::before(write.now(), rescue.rescue_after));
    let mut touched = Vec::new();

    let most = limit(rescue.limit);
    let dead = exhausting(
        write.statement(sql::RESCUE_JOBS_DEAD)?,
        named_params! { ":stale": stale, ":limit": most },
    )?;
    take_back(write, dead, LOST, &mut touched)?;
    // Those with more jobs than the limit keep their registration until the next call.
    write.statement(sql::RESCUE_JOBS_PRODUCERS)?.execute(named_params! { ":stale": stale })?;

    let most = limit(rescue.limit - touched.len().min(rescue.limit));
    let orphaned = exhausting(
        write.statement(sql::RESCUE_JOBS_ORPHANED)?,
        named_params! { ":old": old, ":limit": most },
    )?;
    take_back(write, orphaned, LOST, &mut touched)?;

    let most = limit(rescue.limit - touched.len().min(rescue.limit));
    let exhausted =
        exhausting(write.statement(sql::RESCUE_JOBS_EXHAUSTED)?, named_params! { ":limit": most })?;
    take_back(write, exhausted, EXHAUSTED, &mut touched)?;

    let available = touched.iter().filter(|job| job.after == Some(JobState::Available));
    write.announce(available.map(|job| job.queue.as_str()))?;
    Ok(touched)
}

/// The selected jobs, and whether their attempts are used up.
fn exhausting(
    mut statement: CachedStatement<'_>,
    params: impl Params,
) -> rusqlite::Result<Vec<(Selected, bool)>> {
    let mut rows = statement.query(params)?;
    let mut jobs = Vec::new();
    while let Some(row) = rows.next()? {
        if let Some(job) = from_row(row)? {
            jobs.push((job, row.get(3)?));
        }
    }
    Ok(jobs)
}

fn take_back(
    write: &Write<'_>,
    jobs: Vec<(Selected, bool)>,
    error: &str,
    touched: &mut Vec<Touched>,
) -> rusqlite::Result<()> {
    for (job, is_exhausted) in jobs {
        let after = if is_exhausted {
            write.statement(sql::RESCUE_JOBS_DISCARD)?.execute(named_params! {
                ":id": job.id.0,
                ":now": time::to_text(write.now()),
                ":error": error,
            })?;
            JobState::Discarded
        } else {
            write.statement(sql::RESCUE_JOBS)?.execute(named_params! { ":id": job.id.0 })?;
            JobState::Available
        };
        touched.push(Touched { id: job.id, queue: job.queue, before: job.state, after: Some(after) });
    }
    Ok(())
}
