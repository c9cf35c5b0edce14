//! The log of cron entries.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use oban_core::{CronAction, CronCheck, CronChecked, CronInsert, CronKey, CronRun, CronStatus, CronTaken};

use super::store::Store;

/// What was done in the minutes of one entry.
pub(super) type Log = BTreeMap<DateTime<Utc>, Line>;

/// What was done in a minute.
pub(super) struct Line {
    schedule: String,
    is_missed: bool,
}

impl Store {
    pub(super) fn check_cron(&self, check: CronCheck<'_>, now: DateTime<Utc>) -> CronChecked {
        let status = |key: &CronKey| {
            let log = self.cron.get(&(check.instance.to_owned(), key.name.clone()));
            log.map_or_else(CronStatus::default, |log| CronStatus {
                is_known: log.values().any(|line| line.schedule == key.schedule),
                last: log.range(..=now).rev().find(|(_, line)| !line.is_missed).map(|(minute, _)| *minute),
            })
        };
        CronChecked { now, entries: check.entries.iter().map(status).collect() }
    }

    pub(super) fn insert_cron_jobs(&mut self, insert: CronInsert<'_>, now: DateTime<Utc>) -> Vec<CronTaken> {
        let mut taken = Vec::new();
        for (at, run) in insert.runs.iter().enumerate() {
            if run.minute > now || !self.log(insert.instance, run, insert.keep) {
                continue;
            }
            let inserted = match &run.action {
                CronAction::Insert(job) => Some(self.insert((**job).clone(), now)),
                CronAction::Begin | CronAction::Miss => None,
            };
            taken.push(CronTaken { run: at, inserted });
        }
        taken
    }

    /// Whether the run was not in the log yet.
    fn log(&mut self, instance: &str, run: &CronRun, keep: usize) -> bool {
        let log = self.cron.entry((instance.to_owned(), run.key.name.clone())).or_default();
        let inserts = matches!(run.action, CronAction::Insert(_));
        if log.get(&run.minute).is_some_and(|line| !(line.is_missed && inserts)) {
            return false;
        }
        let is_missed = run.action == CronAction::Miss;
        log.insert(run.minute, Line { schedule: run.key.schedule.clone(), is_missed });
        while log.len() > keep {
            log.pop_first();
        }
        true
    }
}
