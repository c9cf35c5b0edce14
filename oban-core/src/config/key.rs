//! Tables of keys, and how they are looked up.

use serde_json::{Map, Value};

/// A name, and how its value gets into a `T`. What is wrong with a value is said without the key.
pub(super) struct Key<T: 'static> {
    pub(super) name: &'static str,
    /// The keys of the value, if it is a table whose parts are settings of their own.
    pub(super) parts: fn() -> Vec<&'static str>,
    pub(super) set: Set<T>,
}

type Set<T> = fn(&mut T, &Value) -> Result<(), Problems>;

/// What is wrong with a value.
pub(super) type Problems = Vec<Problem>;

/// A part of a value, such as `images.limit`, or nothing for the whole, and what is wrong with it.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) part: String,
    pub(super) what: String,
}

/// How alike two names have to be to suggest one for the other, between 0 and 1: Oban's number.
const ALIKE: f64 = 0.7;

impl<T> Key<T> {
    pub(super) const fn new(name: &'static str, set: Set<T>) -> Self {
        Self { name, parts: Vec::new, set }
    }

    pub(super) const fn table(name: &'static str, parts: fn() -> Vec<&'static str>, set: Set<T>) -> Self {
        Self { name, parts, set }
    }
}

impl Problem {
    /// About the whole value.
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self { part: String::new(), what: what.into() }
    }

    /// The same, within a larger value.
    pub(super) fn within(mut self, key: &str) -> Self {
        let dot = if self.part.is_empty() { "" } else { "." };
        self.part = format!("{key}{dot}{}", self.part);
        self
    }
}

pub(super) fn names<T>(keys: &'static [Key<T>]) -> Vec<&'static str> {
    keys.iter().map(|key| key.name).collect()
}

/// Sets what one key stands for.
pub(super) fn set<T>(
    keys: &'static [Key<T>],
    target: &mut T,
    name: &str,
    value: &Value,
) -> Result<(), Problems> {
    let set = match keys.iter().find(|key| key.name == name) {
        Some(key) => (key.set)(target, value),
        None => Err(vec![unknown(&names(keys), name)]),
    };
    set.map_err(|problems| problems.into_iter().map(|problem| problem.within(name)).collect())
}

/// Sets what all keys of a table stand for, in the order of `keys`.
pub(super) fn set_all<T>(
    keys: &'static [Key<T>],
    target: &mut T,
    given: &Map<String, Value>,
) -> Result<(), Problems> {
    let mut given: Vec<_> = given.iter().collect();
    given.sort_by_key(|(name, _)| keys.iter().position(|key| key.name == name.as_str()));
    let set_one = |(name, value): (&String, &Value)| set(keys, target, name, value);
    let problems: Problems = given.into_iter().map(set_one).filter_map(Result::err).flatten().collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn unknown(names: &[&str], name: &str) -> Problem {
    Problem::new(match nearest(names.iter().copied(), name, ALIKE) {
        Some(nearest) => format!("unknown key; did you mean {nearest:?}?"),
        None => format!("unknown key; there are {}", names.join(", ")),
    })
}

/// The name that was meant, if one is alike.
pub(super) fn nearest<N: AsRef<str>>(
    names: impl IntoIterator<Item = N>,
    written: &str,
    alike: f64,
) -> Option<N> {
    let measured = names.into_iter().map(|name| (strsim::jaro(name.as_ref(), written), name));
    let (best, name) = measured.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    (best > alike).then_some(name)
}
