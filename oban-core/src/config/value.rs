//! Values of settings, which are texts in the environment and have types in TOML.

use std::time::Duration;

use serde_json::Value;

use super::key::{Problem, Problems};
use crate::Period;

pub(super) fn text(value: &Value, slot: &mut String) -> Result<(), Problems> {
    let Value::String(given) = value else { return refuse(value, "a text", "\"web.1\"") };
    given.clone_into(slot);
    Ok(())
}

pub(super) fn period(value: &Value, slot: &mut Duration) -> Result<(), Problems> {
    let Value::String(given) = value else { return refuse(value, "a period", "\"30s\"") };
    let period = Period::try_from(given.as_str()).map_err(|error| vec![Problem::new(error.to_string())])?;
    *slot = period.as_duration();
    Ok(())
}

/// A period, or `false` for none.
pub(super) fn optional_period(value: &Value, slot: &mut Option<Duration>) -> Result<(), Problems> {
    match value {
        Value::Bool(false) => *slot = None,
        Value::String(text) if text == "false" => *slot = None,
        value => period(value, slot.get_or_insert_default())?,
    }
    Ok(())
}

/// How many jobs run at once.
pub(super) fn limit(value: &Value, slot: &mut usize) -> Result<(), Problems> {
    count(value, "a limit", slot)
}

/// A whole number, which errors call `what`.
pub(super) fn count(value: &Value, what: &str, slot: &mut usize) -> Result<(), Problems> {
    let given = match value {
        Value::Number(number) => number.as_u64().and_then(|number| usize::try_from(number).ok()),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let Some(count) = given else { return refuse(value, what, "10") };
    *slot = count;
    Ok(())
}

pub(super) fn flag(value: &Value, slot: &mut bool) -> Result<(), Problems> {
    *slot = match value {
        Value::Bool(flag) => *flag,
        Value::String(text) if text == "true" => true,
        Value::String(text) if text == "false" => false,
        _ => return refuse(value, "true or false", "true"),
    };
    Ok(())
}

/// A list of names, or a text in which commas part them.
pub(super) fn names(value: &Value) -> Result<Vec<String>, Problems> {
    let names: Option<Vec<String>> = match value {
        Value::String(text) => Some(text.split(',').map(|name| name.trim().to_owned()).collect()),
        Value::Array(names) => names.iter().map(|name| name.as_str().map(str::to_owned)).collect(),
        _ => None,
    };
    match names {
        Some(names) if !names.is_empty() && !names.iter().any(String::is_empty) => Ok(names),
        _ => refuse(value, "a list of names", "[\"one\", \"two\"]").map(|()| Vec::new()),
    }
}

/// What is wrong with a value that is of another kind than the setting.
pub(super) fn refuse(value: &Value, wanted: &str, example: &str) -> Result<(), Problems> {
    Err(vec![Problem::new(format!("{value} is not {wanted}; write it like {example}"))])
}
