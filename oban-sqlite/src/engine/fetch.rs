//! Available jobs for a producer.

use std::sync::Arc;

use oban_core::{Job, Position, QueueMeta};
use rusqlite::named_params;
use serde_json::json;

use crate::{row, select::limit, sql, time, writer::Write};

/// Makes up to `demand` jobs of the producer's queue executing, those behind `after`.
pub(super) fn fetch(
    write: &Write<'_>,
    meta: &QueueMeta,
    demand: usize,
    after: Position,
) -> rusqlite::Result<Vec<Arc<Job>>> {
    if demand == 0 || !meta.is_fetching() {
        return Ok(Vec::new());
    }
    let mut jobs: Vec<Arc<Job>> = row::jobs(
        &mut write.statement(sql::FETCH_JOBS)?,
        named_params! {
            ":queue": meta.queue,
            ":demand": limit(demand),
            ":attempted_by": json!([meta.node, meta.uuid.to_string()]).to_string(),
            ":after_priority": after.priority,
            ":after_scheduled_at": time::to_text(after.scheduled_at),
            ":after_id": after.id.0,
            ":now": time::to_text(write.now()),
        },
    )?;
    // RETURNING has no order.
    jobs.sort_unstable_by_key(|job| job.position());
    Ok(jobs)
}
