//! Periodic jobs that are told by configuration.

use std::{collections::HashSet, time::Duration};

use serde_json::{Map, Value};

use super::{
    Settings,
    key::{Key, Problem, Problems, set_all},
    value::{count, names, period, refuse, text},
};
use crate::{CronEntry, NewJob, worker::Registry};

/// An entry as it is given. Its worker is known by the name it is stored under.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct GivenEntry {
    expression: String,
    worker: String,
    args: Map<String, Value>,
    timezone: Option<String>,
    name: Option<String>,
    catch_up: Option<Duration>,
    queue: Option<String>,
    priority: Option<usize>,
    max_attempts: Option<usize>,
    tags: Vec<String>,
    meta: Map<String, Value>,
}

const ENTRY: &[Key<GivenEntry>] = &[
    Key::new("expression", |entry, value| text(value, &mut entry.expression)),
    Key::new("worker", |entry, value| text(value, &mut entry.worker)),
    Key::new("args", |entry, value| table(value, &mut entry.args)),
    Key::new("timezone", |entry, value| text(value, entry.timezone.get_or_insert_default())),
    Key::new("name", |entry, value| text(value, entry.name.get_or_insert_default())),
    Key::new("catch_up", |entry, value| period(value, entry.catch_up.get_or_insert_default())),
    Key::new("queue", |entry, value| text(value, entry.queue.get_or_insert_default())),
    Key::new("priority", |entry, value| count(value, "a priority", entry.priority.get_or_insert_default())),
    Key::new("max_attempts", |entry, value| {
        count(value, "a number of attempts", entry.max_attempts.get_or_insert_default())
    }),
    Key::new("tags", |entry, value| {
        entry.tags = names(value)?;
        Ok(())
    }),
    Key::new("meta", |entry, value| table(value, &mut entry.meta)),
];

/// Takes a list of entries, beside those of code, or `false` for none at all.
pub(super) fn cron(value: &Value, settings: &mut Settings) -> Result<(), Problems> {
    let given = match value {
        Value::Bool(false) => Vec::new(),
        Value::String(text) if text == "false" => Vec::new(),
        Value::Array(given) => return entries(given, settings),
        // A list has no form in an environment.
        Value::String(_) => return refuse(value, "a list of entries, which only a file can give", "false"),
        _ => {
            return refuse(
                value,
                "a list of entries",
                "[{ expression = \"@daily\", worker = \"Clean\" }], or false",
            );
        }
    };
    settings.cron.clear();
    settings.given_cron = given;
    Ok(())
}

fn entries(given: &[Value], settings: &mut Settings) -> Result<(), Problems> {
    let mut problems = Problems::new();
    let mut names = HashSet::new();
    for (at, value) in given.iter().enumerate() {
        let entry = entry(value).and_then(|entry| match &entry.name {
            Some(name) if !names.insert(name.clone()) => Err(vec![
                Problem::new(format!("another entry is called {name:?} as well; rename one")).within("name"),
            ]),
            _ => Ok(entry),
        });
        match entry {
            Ok(entry) => settings.given_cron.push(entry),
            Err(found) => problems.extend(found.into_iter().map(|problem| problem.within(&at.to_string()))),
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn entry(value: &Value) -> Result<GivenEntry, Problems> {
    let mut entry = GivenEntry::default();
    let Value::Object(given) = value else {
        return refuse(value, "an entry", "{ expression = \"@daily\", worker = \"Clean\" }").map(|()| entry);
    };
    let missing = ["expression", "worker"].into_iter().filter(|key| !given.contains_key(*key));
    let mut problems: Problems = missing.map(|key| Problem::new(format!("an entry needs {key:?}"))).collect();
    problems.extend(set_all(ENTRY, &mut entry, given).err().into_iter().flatten());
    if problems.is_empty() { Ok(entry) } else { Err(problems) }
}

fn table(value: &Value, slot: &mut Map<String, Value>) -> Result<(), Problems> {
    let Value::Object(given) = value else { return refuse(value, "a table", "{ kind = \"short\" }") };
    given.clone_into(slot);
    Ok(())
}

impl Settings {
    /// Adds the entries of configuration to those of code, as jobs of these workers. One takes the place of another of the
    /// same name in code, or in a configuration that counts less.
    pub(crate) fn resolve_cron(&mut self, workers: &Registry) {
        for given in std::mem::take(&mut self.given_cron) {
            match given.resolve(workers) {
                Ok(entry) => {
                    self.cron.retain(|other| other.name.is_none() || other.name != entry.name);
                    self.cron.push(entry);
                }
                Err(problem) => self.problems.push(problem),
            }
        }
    }
}

impl GivenEntry {
    fn resolve(self, workers: &Registry) -> Result<CronEntry, String> {
        let job = workers
            .job(&self.worker, Value::Object(self.args.clone()))
            .map_err(|problem| format!("cron entry {:?} of {:?}: {problem}", self.expression, self.worker))?;
        let mut entry = CronEntry::new(&self.expression, self.options(job));
        entry.timezone = self.timezone.or(entry.timezone);
        entry.name = self.name.or(entry.name);
        Ok(match self.catch_up {
            Some(catch_up) => entry.catch_up(catch_up),
            None => entry,
        })
    }

    fn options(&self, mut job: NewJob) -> NewJob {
        if let Some(queue) = &self.queue {
            job = job.queue(queue);
        }
        if let Some(priority) = self.priority {
            job = job.priority(i32::try_from(priority).unwrap_or(i32::MAX));
        }
        if let Some(max_attempts) = self.max_attempts {
            job = job.max_attempts(u32::try_from(max_attempts).unwrap_or(u32::MAX));
        }
        self.tags.iter().fold(job, |job, tag| job.tag(tag)).meta(Value::Object(self.meta.clone()))
    }
}
