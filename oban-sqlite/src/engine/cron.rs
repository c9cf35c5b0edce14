//! The log of cron entries, whose primary key decides which node inserts a minute's job.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use oban_core::{CronAction, CronChecked, CronKey, CronRun, CronStatus, CronTaken};
use rusqlite::{Connection, named_params};

use super::insert;
use crate::{select::limit, sql, time, writer::Write};

/// What the log knows of entries.
pub(super) fn check(
    conn: &Connection,
    now: DateTime<Utc>,
    instance: &str,
    entries: &[CronKey],
) -> rusqlite::Result<CronChecked> {
    let mut statement = conn.prepare_cached(sql::CHECK_CRON)?;
    let mut checked = CronChecked { now, entries: Vec::with_capacity(entries.len()) };
    let now = time::to_text(now);
    for CronKey { name, schedule } in entries {
        let params =
            named_params! { ":instance": instance, ":name": name, ":schedule": schedule, ":now": now };
        checked.entries.push(statement.query_row(params, |row| {
            let last: Option<String> = row.get(1)?;
            Ok(CronStatus { is_known: row.get(0)?, last: last.and_then(|last| time::from_text(&last)) })
        })?);
    }
    Ok(checked)
}

/// Writes runs into the log and inserts the jobs of those that were not in it.
pub(super) fn insert(
    write: &mut Write<'_>,
    instance: &str,
    runs: &[CronRun],
    keep: usize,
) -> rusqlite::Result<Vec<CronTaken>> {
    let mut taken = Vec::new();
    let mut jobs = Vec::new();
    for (at, run) in runs.iter().enumerate().filter(|(_, run)| run.minute <= write.now()) {
        let is_new = write.statement(sql::INSERT_CRON_JOBS)?.execute(named_params! {
            ":instance": instance,
            ":name": run.key.name,
            ":minute": time::to_text(run.minute),
            ":schedule": run.key.schedule,
            ":outcome": run.action.as_str(),
        })?;
        if is_new == 0 {
            continue;
        }
        taken.push(CronTaken { run: at, inserted: None });
        if let CronAction::Insert(job) = &run.action {
            jobs.push((**job).clone());
        }
    }
    let mut inserted = insert::insert(write, jobs)?.into_iter();
    for taken in &mut taken {
        if matches!(runs[taken.run].action, CronAction::Insert(_)) {
            taken.inserted = inserted.next();
        }
    }
    let names: BTreeSet<&str> = taken.iter().map(|taken| runs[taken.run].key.name.as_str()).collect();
    for name in names {
        let params = named_params! { ":instance": instance, ":name": name, ":keep": limit(keep) };
        write.statement(sql::INSERT_CRON_JOBS_TRIM)?.execute(params)?;
    }
    Ok(taken)
}
