//! Due jobs.

use oban_core::{JobState, Staged};
use rusqlite::named_params;

use super::operate::touch;
use crate::{
    select::{limit, selected},
    sql, time,
    writer::Write,
};

/// Announces the queues that hold available jobs.
pub(super) fn announce(write: &mut Write<'_>) -> rusqlite::Result<Vec<String>> {
    let queues: Vec<String> =
        write.statement(sql::ANNOUNCE_QUEUES)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    write.announce(queues.iter().map(String::as_str))?;
    Ok(queues)
}

/// Makes up to `most` due jobs available, and says which of `queues` have work.
pub(super) fn stage(write: &mut Write<'_>, most: usize, queues: Vec<String>) -> rusqlite::Result<Staged> {
    let due = selected(
        write.statement(sql::STAGE_JOBS_SELECT)?,
        named_params! { ":now": time::to_text(write.now()), ":limit": limit(most) },
    )?;
    let mut statement = write.statement(sql::STAGE_JOBS)?;
    for job in &due {
        statement.execute(named_params! { ":id": job.id.0 })?;
    }
    let jobs = touch(write, due, Some(JobState::Available))?;

    let mut statement = write.statement(sql::STAGE_JOBS_QUEUE)?;
    let mut with_work = Vec::new();
    for queue in queues {
        if statement.query_row(named_params! { ":queue": queue }, |row| row.get(0))? {
            with_work.push(queue);
        }
    }
    with_work.sort_unstable();
    with_work.dedup();
    Ok(Staged { jobs, queues: with_work })
}
