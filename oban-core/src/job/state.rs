use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind};

/// Where a job is in its life. The names are those of Oban's `oban_job_state`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Held back until something releases it. Never produced by this crate, only respected.
    Suspended,
    /// Waits for its time.
    Scheduled,
    /// Waits for a free slot.
    #[default]
    Available,
    /// Runs, or its node died a moment ago.
    Executing,
    /// Failed, and waits for its next attempt.
    Retryable,
    /// Done.
    Completed,
    /// Failed for the last time, or gave up.
    Discarded,
    /// Ended by an operator or by its own worker.
    Cancelled,
}

impl JobState {
    /// Every state, in the order of a job's life.
    pub const ALL: [Self; 8] = [
        Self::Suspended,
        Self::Scheduled,
        Self::Available,
        Self::Executing,
        Self::Retryable,
        Self::Completed,
        Self::Discarded,
        Self::Cancelled,
    ];

    /// The stored name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Suspended => "suspended",
            Self::Scheduled => "scheduled",
            Self::Available => "available",
            Self::Executing => "executing",
            Self::Retryable => "retryable",
            Self::Completed => "completed",
            Self::Discarded => "discarded",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether the job has come to its end: completed, discarded or cancelled.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Discarded | Self::Cancelled)
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for JobState {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|state| state.as_str() == name).ok_or_else(|| {
            Error::new(ErrorKind::Invalid, "parse_state", format!("{name:?} is no job state"))
                .with_context("allowed", Self::ALL.map(Self::as_str).join(", "))
        })
    }
}
