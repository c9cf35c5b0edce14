//! Old jobs.

use oban_core::{Prune, Touched};
use rusqlite::named_params;

use super::operate::touch;
use crate::{
    select::{limit, selected},
    sql, time,
    writer::Write,
};

/// Deletes finished jobs that are old enough.
pub(super) fn prune(write: &mut Write<'_>, prune: Prune) -> rusqlite::Result<Vec<Touched>> {
    let mut pruned = Vec::new();
    for (sql, age) in [
        (sql::PRUNE_JOBS_COMPLETED, prune.completed_after),
        (sql::PRUNE_JOBS_CANCELLED, prune.cancelled_after),
        (sql::PRUNE_JOBS_DISCARDED, prune.discarded_after),
    ] {
        let Some(age) = age else { continue };
        let most = limit(prune.limit - pruned.len().min(prune.limit));
        let old = time::to_text(time::before(write.now(), age));
        let deleted = selected(write.statement(sql)?, named_params! { ":old": old, ":limit": most })?;
        pruned.extend(touch(write, deleted, None)?);
    }
    Ok(pruned)
}
