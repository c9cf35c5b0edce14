//! The keys of services that have settings of their own.

use serde_json::{Map, Value};

use super::{
    key::{Key, Problem, Problems, set_all},
    value::{limit, names, optional_period, period, refuse, text},
};
use crate::{Lifeline, Pruner, Reindexer};

pub(super) const LIFELINE: &[Key<Lifeline>] = &[
    Key::new("interval", |lifeline, value| period(value, lifeline.interval.get_or_insert_default())),
    Key::new("rescue_after", |lifeline, value| period(value, &mut lifeline.rescue_after)),
    Key::new("limit", |lifeline, value| limit(value, &mut lifeline.limit)),
];

/// `after` comes first, because it is about all states.
pub(super) const PRUNER: &[Key<Pruner>] = &[
    Key::new("after", |pruner, value| {
        let mut age = None;
        period(value, age.insert(std::time::Duration::ZERO))?;
        (pruner.completed, pruner.cancelled, pruner.discarded) = (age, age, age);
        Ok(())
    }),
    Key::new("completed", |pruner, value| optional_period(value, &mut pruner.completed)),
    Key::new("cancelled", |pruner, value| optional_period(value, &mut pruner.cancelled)),
    Key::new("discarded", |pruner, value| optional_period(value, &mut pruner.discarded)),
    Key::new("interval", |pruner, value| period(value, &mut pruner.interval)),
    Key::new("limit", |pruner, value| limit(value, &mut pruner.limit)),
];

pub(super) const REINDEXER: &[Key<Reindexer>] = &[
    Key::new("daily_at", |reindexer, value| {
        let mut time = String::new();
        text(value, &mut time)?;
        let given = Reindexer::daily_at(&time);
        reindexer.at = given.at;
        problems_of(&given)
    }),
    Key::new("indexes", |reindexer, value| {
        reindexer.reindex.indexes = names(value)?;
        Ok(())
    }),
    Key::new("timeout", |reindexer, value| period(value, &mut reindexer.reindex.timeout)),
];

/// A service: `false` for none, `true` for one as it is by default, a table of its keys, or the value of one of them.
pub(super) fn service<T: Default>(
    value: &Value,
    keys: &'static [Key<T>],
    bare: Option<&str>,
    service: &mut Option<T>,
) -> Result<(), Problems> {
    match (value, bare) {
        (Value::Bool(false), _) => *service = None,
        (Value::String(text), _) if text == "false" => *service = None,
        (Value::Bool(true), _) => *service = Some(T::default()),
        (Value::String(text), _) if text == "true" => *service = Some(T::default()),
        (Value::Object(given), _) => set_all(keys, service.get_or_insert_default(), given)?,
        (Value::String(_), Some(bare)) => {
            let given = Map::from_iter([(bare.to_owned(), value.clone())]);
            set_all(keys, service.insert(T::default()), &given)?;
        }
        _ => refuse(value, "a service's settings", "{ limit = 1000 }, or false for none")?,
    }
    Ok(())
}

fn problems_of(reindexer: &Reindexer) -> Result<(), Problems> {
    let bare = |problem: String| Problem::new(problem.trim_start_matches("reindexer: "));
    let problems: Problems = reindexer.problems().into_iter().map(bare).collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}
