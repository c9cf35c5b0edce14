use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One failed attempt, as kept in the job's `errors`.
///
/// Rows of other writers may lack any part, so all but the text is optional.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AttemptError {
    /// When the attempt ended.
    #[serde(default)]
    pub at: Option<DateTime<Utc>>,
    /// The attempt that failed, from 1.
    #[serde(default)]
    pub attempt: Option<u32>,
    /// What the worker said.
    #[serde(default)]
    pub error: String,
}

impl AttemptError {
    /// An entry as our engines write it.
    pub fn new(at: DateTime<Utc>, attempt: u32, error: impl Into<String>) -> Self {
        Self { at: Some(at), attempt: Some(attempt), error: error.into() }
    }
}
