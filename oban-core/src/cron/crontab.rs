use std::time::Duration;

use chrono::{DateTime, DurationRound, SecondsFormat, TimeDelta, Utc};
use chrono_tz::Tz;
use serde_json::json;

use super::{CronEntry, CronExpression, zone};
use crate::{CronAction, CronKey, CronRun, NewJob, job::validate};

/// The entries of a node, checked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Crontab(Vec<Planned>);

#[derive(Clone, Debug)]
struct Planned {
    key: CronKey,
    expression: CronExpression,
    zone: Tz,
    catch_up: TimeDelta,
    /// What is inserted, but for the minute in its meta.
    job: NewJob,
}

/// The minutes of an entry of which the log says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Due {
    /// To be inserted, oldest first.
    pub(crate) runs: Vec<CronRun>,
    /// Those that are too late.
    pub(crate) missed: Option<Missed>,
}

/// Minutes that are too late to be inserted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Missed {
    /// The last of them, which stands for all in the log.
    pub(crate) last: CronRun,
    /// The first that was looked at.
    pub(crate) first: DateTime<Utc>,
    /// How many were looked at.
    pub(crate) count: usize,
}

/// So many minutes of an entry are looked back at.
const MOST: usize = 1_440;

const MINUTE: TimeDelta = TimeDelta::minutes(1);

impl Crontab {
    /// Checks the entries and notes what is wrong with each.
    pub(crate) fn new(entries: &[CronEntry], timezone: Option<&str>, problems: &mut Vec<String>) -> Self {
        let mut crontab = Self::default();
        for entry in entries {
            let mut wrong = entry.problems().to_vec();
            let planned = plan(entry, timezone, &mut wrong);
            let worker = &entry.job.worker;
            let what = |problem| format!("cron entry {:?} of {worker:?}: {problem}", entry.expression);
            problems.extend(wrong.into_iter().map(what));
            let Some(planned) = planned else { continue };
            if crontab.0.iter().any(|other| other.key.name == planned.key.name) {
                problems.push(what(match &entry.name {
                    Some(name) => {
                        format!("another entry is called {name:?} as well; give one of them another name")
                    }
                    None => "it is given twice; remove one, or give one of them a name".to_owned(),
                }));
            }
            crontab.0.push(planned);
        }
        crontab
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What the store knows the entries by.
    pub(crate) fn keys(&self) -> Vec<CronKey> {
        self.0.iter().map(|entry| entry.key.clone()).collect()
    }

    /// The minute itself of an entry that is due at the start of a node, for any other nothing.
    pub(crate) fn reboot(&self, entry: usize, started: DateTime<Utc>) -> Option<CronRun> {
        let entry = self.0.get(entry).filter(|entry| entry.expression.is_reboot())?;
        Some(entry.run(started))
    }

    /// Takes note of an entry that the store does not know: from this minute on it is watched.
    pub(crate) fn beginning(&self, entry: usize, minute: DateTime<Utc>) -> Option<CronRun> {
        let entry = self.0.get(entry).filter(|entry| !entry.expression.is_reboot())?;
        Some(CronRun { key: entry.key.clone(), minute, action: CronAction::Begin })
    }

    /// The minutes of an entry after `last` and up to `now`.
    pub(crate) fn due(&self, entry: usize, last: DateTime<Utc>, now: DateTime<Utc>) -> Due {
        self.0.get(entry).map(|entry| entry.due(last, now)).unwrap_or_default()
    }
}

impl Planned {
    fn due(&self, last: DateTime<Utc>, now: DateTime<Utc>) -> Due {
        let mut due = Due::default();
        let mut at = now.with_timezone(&self.zone);
        if self.expression.is_due(&at) {
            // The search is for minutes before.
            at += MINUTE;
        }
        for looked_at in 1..=MOST {
            let Some(minute) = self.expression.last_at(&at).filter(|minute| *minute > last) else { break };
            let first = minute.to_utc();
            // While it lasts, it is not late.
            if now - first < MINUTE + self.catch_up {
                due.runs.push(self.run(first));
            } else {
                let last = || CronRun { key: self.key.clone(), minute: first, action: CronAction::Miss };
                let last = due.missed.take().map_or_else(last, |missed| missed.last);
                due.missed = Some(Missed { last, first, count: looked_at - due.runs.len() });
            }
            at = minute;
        }
        due.runs.reverse();
        due
    }

    fn run(&self, minute: DateTime<Utc>) -> CronRun {
        let at = minute.to_rfc3339_opts(SecondsFormat::Secs, false);
        let job = self.job.clone().meta(json!({ "cron_at": at }));
        CronRun { key: self.key.clone(), minute, action: CronAction::Insert(Box::new(job)) }
    }
}

/// The minute that a time is in.
pub(crate) fn minute_of(time: DateTime<Utc>) -> DateTime<Utc> {
    time.duration_trunc(MINUTE).unwrap_or(time)
}

fn plan(entry: &CronEntry, timezone: Option<&str>, problems: &mut Vec<String>) -> Option<Planned> {
    let expression =
        entry.expression.parse::<CronExpression>().map_err(|error| problems.push(error.to_string()));
    let zone = match entry.timezone.as_deref().or(timezone) {
        Some(name) => zone::zone(name).map_err(|error| problems.push(error)),
        None => Ok(zone::UTC),
    };
    if let Some(name) = &entry.name {
        validate::name("name", name, problems);
    }
    let catch_up = entry.catch_up.as_duration();
    if catch_up > CronEntry::LONGEST_CATCH_UP {
        problems.push(format!("catch_up {catch_up:?} is too long; use 30 days at most"));
    }
    if let Err(error) = entry.job.validate() {
        problems.push(error.message().to_owned());
    }
    let (Ok(expression), Ok(zone)) = (expression, zone) else { return None };
    let text = entry.expression.trim();
    let schedule = format!("{text} {zone}");
    let name = entry.name.clone().unwrap_or_else(|| {
        let parts = [&schedule, &entry.job.worker, &entry.job.args.to_string()];
        format!("{:016x}", fingerprint(&parts.map(|part| format!("{part}\0")).concat()))
    });
    // The keys of Oban for Elixir.
    let meta = json!({ "cron": true, "cron_expr": text, "cron_name": name, "cron_tz": zone.name() });
    Some(Planned {
        key: CronKey { name, schedule },
        expression,
        zone,
        catch_up: TimeDelta::from_std(catch_up.min(Duration::from_secs(u64::from(u32::MAX))))
            .unwrap_or_default(),
        job: entry.job.clone().meta(meta),
    })
}

/// Names entries that have none: the same in every version of this crate, as it is stored (FNV-1a).
fn fingerprint(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::{Crontab, Due, MOST, fingerprint};
    use crate::{CronAction, CronEntry, CronRun, NewJob};
    use chrono::{DateTime, TimeDelta, Utc};
    use serde_json::json;

    fn entry(expression: &str) -> CronEntry {
        CronEntry::new(expression, NewJob::new("Report", json!({})))
    }

    fn planned(entry: CronEntry) -> Crontab {
        let mut problems = Vec::new();
        let crontab = Crontab::new(&[entry], None, &mut problems);
        assert!(problems.is_empty(), "{problems:?}");
        crontab
    }

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-11-23T{text}Z").parse().unwrap()
    }

    /// Minutes, each with whether it is inserted.
    fn minutes(due: &Due) -> Vec<(String, bool)> {
        let missed = due.missed.iter().map(|missed| &missed.last);
        let all = missed.chain(&due.runs);
        all.map(|run| (run.minute.format("%H:%M").to_string(), run.action != CronAction::Miss)).collect()
    }

    #[test]
    fn a_minute_is_due_while_it_lasts_and_so_long_after() {
        let strict = planned(entry("0 9 * * *").catch_up("0s"));
        let later = planned(entry("0 9 * * *").catch_up("1h"));
        for (now, by_strict, by_later) in [
            ("08:59:59.999999", None, None),
            ("09:00:00", Some(true), Some(true)),
            ("09:00:59.999999", Some(true), Some(true)),
            ("09:01:00", Some(false), Some(true)),
            ("10:00:59.999999", Some(false), Some(true)),
            ("10:01:00", Some(false), Some(false)),
        ] {
            for (crontab, expected) in [(&strict, by_strict), (&later, by_later)] {
                let due = crontab.due(0, at("08:00:00"), at(now));
                let expected: Vec<_> =
                    expected.map(|inserted| ("09:00".to_owned(), inserted)).into_iter().collect();
                assert_eq!(minutes(&due), expected, "{now}");
            }
        }
        assert_eq!(later.due(0, at("09:00:00"), at("09:30:00")), Due::default(), "it is done");
    }

    #[test]
    fn a_long_absence_is_looked_back_at_within_bounds() {
        let (long_ago, now) = (at("00:00:00") - TimeDelta::days(3000), at("00:00:00"));
        let due = planned(entry("* * * * *").catch_up("30d")).due(0, long_ago, now);
        assert_eq!((due.runs.len(), due.missed), (MOST, None));
        assert!(due.runs.is_sorted_by_key(|run| run.minute));
        assert_eq!(due.runs.last().unwrap().minute, now);

        let due = planned(entry("* * * * *").catch_up("1h")).due(0, long_ago, now);
        let missed = due.missed.unwrap();
        assert_eq!((due.runs.len(), missed.count), (61, MOST - 61));
        assert_eq!(missed.last.minute, now - TimeDelta::minutes(61));
        assert_eq!(missed.first, now - TimeDelta::minutes(1_439));
    }

    #[test]
    fn a_job_says_what_it_came_from() {
        let crontab = planned(entry("@daily").timezone("Asia/Tokyo").name("nightly"));
        let due = crontab.due(0, at("14:59:00"), at("15:00:30"));
        let [CronRun { action: CronAction::Insert(job), .. }] = &due.runs[..] else { panic!("{due:?}") };
        let expected = json!({
            "cron": true, "cron_at": "2026-11-23T15:00:00+00:00", "cron_expr": "@daily", "cron_name": "nightly",
            "cron_tz": "Asia/Tokyo",
        });
        assert_eq!(json!(job.meta), expected);
    }

    #[test]
    fn names_are_made_of_what_tells_entries_apart() {
        let name = |entry| planned(entry).keys().remove(0).name;
        let plain = name(entry("@daily"));
        assert_eq!(plain, name(entry(" @daily ").catch_up("1h")));
        assert_ne!(plain, name(entry("@hourly")));
        assert_ne!(plain, name(entry("@daily").timezone("Asia/Tokyo")));
        assert_ne!(plain, name(CronEntry::new("@daily", NewJob::new("Report", json!({"id": 1})))));
        assert_eq!(fingerprint("foobar"), 0x8594_4171_f739_67e8, "FNV-1a, as published");
    }

    #[test]
    fn every_mistake_is_told_with_its_entry() {
        let mut problems = Vec::new();
        let entries = [
            entry("0 25 * * *").timezone("Mars/Base").catch_up("31d").name(" "),
            entry("@daily").catch_up("soon"),
            CronEntry::new("@daily", NewJob::new("Report", json!([]))),
            entry("@hourly"),
            entry("@hourly"),
        ];
        Crontab::new(&entries, None, &mut problems);
        let told = problems.join("\n");
        for part in [
            "cron entry \"0 25 * * *\" of \"Report\": hour 25 in \"25\" is out of range",
            "\"Mars/Base\" is unknown",
            "is too long; use 30 days",
            "name \" \" is blank",
            "\"@daily\" of \"Report\": catch_up: ",
            "args are an array",
            "\"@hourly\" of \"Report\": it is given twice",
        ] {
            assert!(told.contains(part), "{part} is missing in:\n{told}");
        }
        assert_eq!(problems.len(), 7, "{told}");
        let mut problems = Vec::new();
        Crontab::new(&[entry("@daily")], Some("berlin"), &mut problems);
        assert!(problems[0].contains("did you mean \"Europe/Berlin\"?"), "{problems:?}");
    }
}
