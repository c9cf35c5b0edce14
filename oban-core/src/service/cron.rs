use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use super::Outage;
use crate::{
    CronAction, CronCheck, CronChecked, CronInsert, CronKey, CronRun, CronTaken, Engine, Inserted, Result,
    cron::{Crontab, Missed, minute_of},
    engine::Traced,
    runtime::Service,
    telemetry::{Event, ServiceEvent, Telemetry},
};

/// Offers the jobs of each minute to the store, on every node.
///
/// The store keeps a log of minutes and takes each of them once, whichever node is first; its clock is the only one that
/// counts. A round is worked out from what the log says and nothing else, so a node may stall, die or start at any time:
/// whoever comes next offers what is not in the log.
pub(crate) struct Cron {
    engine: Traced,
    instance: String,
    crontab: Crontab,
    keys: Vec<CronKey>,
    /// The minute of this node's first round, by the store's clock.
    started: Option<DateTime<Utc>>,
    /// Whether the entries that are due at a start were offered.
    has_rebooted: bool,
    /// Since when this node watches entries that the log did not know.
    begun: HashMap<usize, DateTime<Utc>>,
    /// What was missed last, as far as this node has noticed.
    missed: HashMap<CronKey, Missed>,
    outage: Outage,
}

/// A minute lasts long enough for many tries.
const SOON: Duration = Duration::from_secs(1);

/// A round begins a little after the minute, so that it is not over a moment too early.
const AFTER: Duration = Duration::from_millis(2);

/// At most so many runs at once, so that no transaction is long.
const CHUNK: usize = 500;

/// Twice what a node looks back at: what is inserted once is not forgotten while it could be offered again.
const KEPT: usize = 3_000;

impl Cron {
    pub(crate) fn new(engine: Traced, instance: String, crontab: Crontab) -> Self {
        let keys = crontab.keys();
        Self {
            outage: Outage::of(&engine),
            engine,
            instance,
            crontab,
            keys,
            started: None,
            has_rebooted: false,
            begun: HashMap::new(),
            missed: HashMap::new(),
        }
    }

    /// Offers what is due. Returns the store's time.
    async fn round(&mut self) -> Result<DateTime<Utc>> {
        let check = CronCheck { instance: &self.instance, entries: &self.keys };
        let checked = self.engine.check_cron(check).await?;
        let (runs, missed) = self.runs(&checked);
        for chunk in runs.chunks(CHUNK) {
            self.offer(chunk, &missed).await?;
        }
        self.missed.extend(missed.into_iter().map(|missed| (missed.last.key.clone(), missed)));
        self.has_rebooted = true;
        Ok(checked.now)
    }

    /// What is to be offered, and what of that is news of missed minutes.
    fn runs(&mut self, checked: &CronChecked) -> (Vec<CronRun>, Vec<Missed>) {
        let minute = minute_of(checked.now);
        let started = *self.started.get_or_insert(minute);
        let (mut runs, mut noticed) = (Vec::new(), Vec::new());
        for (entry, status) in checked.entries.iter().enumerate() {
            if !self.has_rebooted {
                runs.extend(self.crontab.reboot(entry, started));
            }
            let begun = self.begun.get(&entry).copied();
            if !status.is_known && begun.is_none() {
                runs.extend(self.crontab.beginning(entry, minute));
                self.begun.insert(entry, minute);
                continue;
            }
            let Some(last) = status.last.max(begun.filter(|_| !status.is_known)) else { continue };
            let due = self.crontab.due(entry, last, checked.now);
            // Written once, it need not be offered again with each round.
            let is_news = |missed: &Missed| {
                self.missed.get(&missed.last.key).is_none_or(|known| known.last.minute != missed.last.minute)
            };
            if let Some(missed) = due.missed.filter(is_news) {
                runs.push(missed.last.clone());
                noticed.push(missed);
            }
            runs.extend(due.runs);
        }
        (runs, noticed)
    }

    /// Offers runs together. If the store will not have them, each alone, so that one holds up no other.
    async fn offer(&self, runs: &[CronRun], missed: &[Missed]) -> Result<()> {
        match self.insert(runs, missed).await {
            Err(error) if !error.is_transient() && runs.len() > 1 => {}
            answer => return answer,
        }
        let mut refused = None;
        for run in runs {
            match self.insert(std::slice::from_ref(run), missed).await {
                Err(error) if error.is_transient() => return Err(error),
                Err(error) => refused = Some(error.with_context("entry", &run.key.name)),
                Ok(()) => {}
            }
        }
        refused.map_or(Ok(()), Err)
    }

    async fn insert(&self, runs: &[CronRun], missed: &[Missed]) -> Result<()> {
        let insert = CronInsert { instance: &self.instance, runs, keep: KEPT };
        for CronTaken { run, inserted } in self.engine.insert_cron_jobs(insert).await? {
            if let Some(run) = runs.get(run) {
                report(self.engine.telemetry(), run, inserted.as_ref(), missed);
            }
        }
        Ok(())
    }
}

/// Tells of a run that this node has written: each is told by one node.
fn report(telemetry: &Telemetry, run: &CronRun, inserted: Option<&Inserted>, missed: &[Missed]) {
    let CronRun { key: CronKey { name, schedule }, minute, action } = run;
    match (action, inserted) {
        (CronAction::Insert(job), Some(inserted)) => {
            let (worker, id) = (&job.worker, inserted.job.id);
            let conflict = inserted.conflict;
            telemetry.emit(|| {
                let (entry, worker, minute) = (name.clone(), worker.clone(), *minute);
                Event::Service(ServiceEvent::CronInserted { entry, minute, worker, id, conflict })
            });
            tracing::debug!(entry = name, schedule, %minute, worker, %id, conflict, "cron job inserted");
        }
        (CronAction::Miss, _) => {
            let missed = missed.iter().find(|missed| missed.last == *run);
            let (first, count) = missed.map_or((*minute, 1), |missed| (missed.first, missed.count));
            telemetry.emit(|| {
                let (entry, last) = (name.clone(), *minute);
                Event::Service(ServiceEvent::CronMissed { entry, first, last, count })
            });
            tracing::warn!(entry = name, schedule, count, %first, last = %minute, "cron minutes were missed");
        }
        _ => tracing::debug!(entry = name, schedule, %minute, "cron entry is watched from now on"),
    }
}

/// How long it is until the next minute begins.
fn until_next_minute(now: DateTime<Utc>) -> Duration {
    (minute_of(now) + TimeDelta::minutes(1) - now).to_std().unwrap_or(SOON) + AFTER
}

#[async_trait]
impl Service for Cron {
    fn name(&self) -> String {
        "cron".to_owned()
    }

    async fn run(&mut self, shutdown: &CancellationToken) -> Result<()> {
        loop {
            let answer = self.round().await;
            let wait = self.outage.watch("cron", answer).map_or(SOON, until_next_minute);
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }
}
