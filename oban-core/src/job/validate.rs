//! The rules a stored job keeps, each with the value and the cure in its message.

use chrono::Datelike;
use serde_json::{Map, Value};

use super::Schedule;

/// Oban's check constraint is `char_length < 128`.
const NAME_LENGTH: usize = 127;

pub(crate) fn name(what: &str, name: &str, problems: &mut Vec<String>) {
    let length = name.chars().count();
    if name.trim().is_empty() {
        problems.push(format!("{what} {name:?} is blank; give it a name of 1 to {NAME_LENGTH} characters"));
    } else if length > NAME_LENGTH {
        problems.push(format!(
            "{what} {:?}… has {length} characters; at most {NAME_LENGTH} are allowed",
            name.chars().take(20).collect::<String>()
        ));
    }
    text(what, name, problems);
}

pub(super) fn priority(priority: i32, problems: &mut Vec<String>) {
    if !(0..=9).contains(&priority) {
        problems.push(format!("priority {priority} is out of range; use 0 (first) to 9 (last)"));
    }
}

pub(super) fn max_attempts(max_attempts: u32, problems: &mut Vec<String>) {
    if max_attempts == 0 || i32::try_from(max_attempts).is_err() {
        problems.push(format!("max_attempts {max_attempts} is out of range; use 1 to {}", i32::MAX));
    }
}

pub(super) fn args(args: &Value, problems: &mut Vec<String>) {
    let kind = match args {
        Value::Object(map) => return object("args", map, problems),
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
    };
    // A failed serialization has been reported already, in better words.
    if problems.iter().all(|problem| !problem.starts_with("args cannot")) {
        problems
            .push(format!("args are {kind} and have to be a JSON object; use a struct with named fields"));
    }
}

pub(crate) fn meta(meta: &Map<String, Value>, problems: &mut Vec<String>) {
    object("meta", meta, problems);
}

pub(super) fn tags(tags: &[String], problems: &mut Vec<String>) {
    for tag in tags {
        text("tag", tag, problems);
    }
}

pub(super) fn schedule(schedule: Schedule, problems: &mut Vec<String>) {
    if let Schedule::At(at) = schedule
        && !(1..=9999).contains(&at.year())
    {
        problems.push(format!("schedule_at {at} is out of range; use the years 1 to 9999"));
    }
}

fn object(what: &str, map: &Map<String, Value>, problems: &mut Vec<String>) {
    if map.iter().any(|(key, value)| key.contains('\0') || holds_nul(value)) {
        problems
            .push(format!("{what} hold a NUL character, which databases cannot store; encode or remove it"));
    }
}

fn text(what: &str, text: &str, problems: &mut Vec<String>) {
    if text.contains('\0') {
        problems
            .push(format!("{what} {text:?} holds a NUL character, which databases cannot store; remove it"));
    }
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(map) => map.iter().any(|(key, value)| key.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
