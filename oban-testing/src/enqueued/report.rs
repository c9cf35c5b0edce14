//! What a failed assertion says.

use std::fmt::Write;

use chrono::SecondsFormat;
use oban_core::Job;

use super::{Wanted, wanted::Time};

/// More jobs than these are only counted.
const SHOWN: usize = 10;

/// The job was not found.
pub(super) fn missing(wanted: &Wanted, jobs: &[Job]) -> String {
    let mut text = format!("assert_enqueued! found no such job\nwanted:\n{}", describe(wanted));
    if jobs.is_empty() {
        text.push_str("found: no job that waits to run");
        return text;
    }
    let mut compared: Vec<_> = jobs.iter().map(|job| (wanted.differences(job), job)).collect();
    compared.sort_by_key(|(differences, _)| differences.len());
    _ = write!(text, "found {}, the nearest first:", jobs.len());
    for (differences, job) in compared.iter().take(SHOWN) {
        _ = write!(text, "\n  {}", line(job));
        for difference in differences {
            _ = write!(text, "\n    {difference}");
        }
    }
    and_more(&mut text, jobs.len());
    text
}

/// The jobs were not to be found.
pub(super) fn unwanted(wanted: &Wanted, jobs: &[&Job]) -> String {
    let mut text = format!("refute_enqueued! found such a job\nnot wanted:\n{}", describe(wanted));
    _ = write!(text, "found {}:", jobs.len());
    for job in jobs.iter().take(SHOWN) {
        _ = write!(text, "\n  {}", line(job));
    }
    and_more(&mut text, jobs.len());
    text
}

fn and_more(text: &mut String, count: usize) {
    if count > SHOWN {
        _ = write!(text, "\n  and {} more", count - SHOWN);
    }
}

fn line(job: &Job) -> String {
    let at = job.scheduled_at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut text = format!("{} {} in {}, {} at {at}", job.id, job.worker, job.queue, job.state);
    _ = write!(text, ", priority {}, args {}", job.priority, job.args);
    if !job.meta.is_empty() {
        _ = write!(text, ", meta {}", serde_json::Value::Object(job.meta.clone()));
    }
    if !job.tags.is_empty() {
        _ = write!(text, ", tags {:?}", job.tags);
    }
    text
}

fn describe(wanted: &Wanted) -> String {
    let mut text = String::new();
    let mut entry = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            _ = writeln!(text, "  {key}: {value}");
        }
    };
    entry("worker", wanted.worker.clone());
    entry("queue", wanted.queue.clone());
    entry("state", wanted.state.map(|state| state.to_string()));
    let args = if wanted.args_are_whole { "args" } else { "args with" };
    entry(args, wanted.args.as_ref().map(ToString::to_string));
    entry("meta with", wanted.meta.as_ref().map(ToString::to_string));
    entry("tags with", Some(format!("{:?}", wanted.tags)).filter(|_| !wanted.tags.is_empty()));
    entry("priority", wanted.priority.map(|priority| priority.to_string()));
    entry("max_attempts", wanted.max_attempts.map(|most| most.to_string()));
    entry(
        "scheduled",
        wanted.time.map(|time| match time {
            Time::At(at) => format!("at {at}, within {:?}", wanted.within),
            Time::In(period) => format!("in {period:?}, within {:?}", wanted.within),
        }),
    );
    entry("waited", Some(format!("{:?}", wanted.timeout)).filter(|_| !wanted.timeout.is_zero()));
    if text.is_empty() {
        text.push_str("  any job\n");
    }
    text
}
