use std::path::Path;

use serde_json::{Map, Value};

use super::{Config, sources::Origin};

impl Config {
    /// Settings in TOML:
    ///
    /// ```
    /// use oban_core::Config;
    ///
    /// let config = Config::from_toml(r#"
    ///     shutdown_grace_period = "1m"
    ///
    ///     [queues]
    ///     mailers = 10
    ///     images = { limit = 4, blocking = true, paused = false }
    /// "#);
    /// ```
    pub fn from_toml(text: &str) -> Self {
        Self::parse("TOML", text)
    }

    /// Settings in a file in TOML. That the file cannot be read is an error of the start.
    pub fn from_file(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().display().to_string();
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&path, &text),
            Err(error) => Self::of(&path, Vec::new(), vec![format!("{path}: {error}")]),
        }
    }

    fn parse(name: &str, text: &str) -> Self {
        match ::toml::from_str::<Map<String, Value>>(text) {
            Ok(given) => Self::of(name, given.into_iter().collect(), Vec::new()),
            Err(error) => {
                let before = error.span().and_then(|span| text.get(..span.start));
                let line = before.map_or(1, |before| before.matches('\n').count() + 1);
                Self::of(name, Vec::new(), vec![format!("{name}: line {line}: {}", error.message())])
            }
        }
    }

    fn of(name: &str, given: Vec<(String, Value)>, problems: Vec<String>) -> Self {
        Self { origin: Origin::Place(name.to_owned()), given, problems }
    }
}
