use std::{env, fmt};

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::{
    Settings,
    key::{self, Problem, nearest},
    keys::ROOT,
};

/// Settings from outside the code: a TOML file, the environment, or a part of the application's own configuration.
///
/// ```
/// # #[cfg(feature = "toml")]
/// # mod example {
/// use oban_core::{Builder, Config};
///
/// fn setup(builder: Builder) -> Builder {
///     builder.queue("mailers", 10).config(Config::from_file("oban.toml")).config(Config::from_env())
/// }
/// # }
/// ```
///
/// Keys are the names of the [`Builder`](crate::Builder)'s methods, and `queues`. What is given in several places is
/// taken from the environment, else from a file, else from code: code knows the application, a file
/// the place it is deployed to, and the environment this one process. A setting is taken whole: `queues` in the
/// environment replaces all the queues of the file. The settings of `lifeline`, `pruner` and `reindexer` are taken one by
/// one.
///
/// Nothing here fails. What is wrong, in all places together, is the error of [`Builder::start`](crate::Builder::start).
#[derive(Clone)]
#[must_use = "hand it to Builder::config"]
pub struct Config {
    pub(super) origin: Origin,
    pub(super) given: Vec<(String, Value)>,
    pub(super) problems: Vec<String>,
}

/// Where settings come from, the weaker first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A file, or a part of the application's configuration, as errors call it.
    Place(String),
    Environment,
}

/// What variables begin with.
const PREFIX: &str = "OBAN_";

/// How alike a variable has to be to a known one to be taken for it misspelt. It stops the start, so it has to be sure.
const MISSPELT: f64 = 0.9;

impl Config {
    /// Settings in the process's environment, `OBAN_` before each key in capitals: `OBAN_NODE=web.1`,
    /// `OBAN_STAGE_INTERVAL=2s`, `OBAN_PRUNER_DISCARDED=30d`, `OBAN_QUEUES=mailers:10,images:4:blocking:paused`. An empty
    /// `OBAN_QUEUES` means no queues.
    ///
    /// Other variables with that beginning may be somebody else's, as those that Kubernetes makes for a service named
    /// `oban`. They are passed over, unless they look like a misspelt key.
    pub fn from_env() -> Self {
        Self::from_vars(
            env::vars_os().map(|(key, value)| {
                (key.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
            }),
        )
    }

    /// Settings in variables such as those of an environment; see [`from_env`](Config::from_env).
    pub fn from_vars(vars: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut config = Self { origin: Origin::Environment, given: Vec::new(), problems: Vec::new() };
        let mut vars: Vec<_> = vars.into_iter().collect();
        // A whole before its parts.
        vars.sort();
        for (variable, value) in vars {
            let Some(key) = variable.strip_prefix(PREFIX) else { continue };
            let value = Value::String(value);
            if let Some((_, key, part)) = variables().find(|(name, ..)| name == key) {
                let value = part.map_or(value.clone(), |part| json!({ part: value }));
                config.given.push((key.to_owned(), value));
            } else if let Some(nearest) = nearest(variables().map(|(name, ..)| name), key, MISSPELT) {
                config.problems.push(format!(
                    "{variable} is no setting; did you mean {PREFIX}{nearest}? If it is not meant for oban, rename it"
                ));
            }
        }
        config
    }

    /// Applies configurations, the weakest first, and of two of one kind the earlier first.
    pub(crate) fn apply_all(mut configs: Vec<Self>, settings: &mut Settings) {
        configs.sort_by_key(|config| config.origin == Origin::Environment);
        for config in configs {
            config.apply(settings);
        }
    }

    fn apply(self, settings: &mut Settings) {
        let mut problems = self.problems;
        for (key, value) in self.given {
            if let Err(found) = key::set(ROOT, settings, &key, &value) {
                problems.extend(found.into_iter().map(|problem| self.origin.name(&problem)));
            }
        }
        settings.problems.append(&mut problems);
    }
}

impl Origin {
    /// A problem with the place where it is.
    fn name(&self, Problem { part, what }: &Problem) -> String {
        match self {
            Self::Place(name) => format!("{name}: {part}: {what}"),
            Self::Environment => format!("{PREFIX}{}: {what}", part.replace('.', "_").to_uppercase()),
        }
    }
}

/// Every variable without its beginning, the key it stands for, and the part of that, if it is one.
fn variables() -> impl Iterator<Item = (String, &'static str, Option<&'static str>)> {
    ROOT.iter().flat_map(|key| {
        let parts = (key.parts)().into_iter().map(Some);
        std::iter::once(None).chain(parts).map(|part| {
            let name = part.map_or(key.name.to_owned(), |part| format!("{}_{part}", key.name));
            (name.to_uppercase(), key.name, part)
        })
    })
}

/// For an application that has a configuration of its own, with these settings as a part of it.
impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = Map::<String, Value>::deserialize(deserializer)?;
        let origin = Origin::Place("config".to_owned());
        Ok(Self { origin, given: given.into_iter().collect(), problems: Vec::new() })
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> = self.given.iter().map(|(key, _)| key.as_str()).collect();
        formatter.debug_struct("Config").field("origin", &self.origin).field("keys", &keys).finish()
    }
}
