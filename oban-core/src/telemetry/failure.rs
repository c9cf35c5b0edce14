use std::{error::Error, fmt, sync::Arc};

/// Why an attempt failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// In which way.
    pub kind: FailureKind,
    /// The text that is stored with the job.
    pub message: String,
    /// The error that the worker returned, if it returned one.
    pub error: Option<Arc<dyn Error + Send + Sync>>,
}

/// In which way an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// The worker returned an error, or something that cannot be kept. Args that do not fit the worker's struct too.
    Error,
    /// The worker panicked.
    Panic,
    /// It took longer than the worker allows.
    Timeout,
    /// This node knows no worker of that name.
    UnknownWorker,
    /// The run could not be started.
    NotStarted,
    /// It ended otherwise, but the store can never keep how.
    Unstorable,
}

/// A failure without its text, which travels with the outcome.
#[derive(Clone, Debug)]
pub(crate) struct Cause {
    pub(crate) kind: FailureKind,
    pub(crate) error: Option<Arc<dyn Error + Send + Sync>>,
}

impl Cause {
    /// With the text that was stored.
    pub(super) fn told(self, message: &str) -> Failure {
        Failure { kind: self.kind, message: message.to_owned(), error: self.error }
    }
}

impl From<FailureKind> for Cause {
    fn from(kind: FailureKind) -> Self {
        Self { kind, error: None }
    }
}

impl FailureKind {
    /// A name such as `unknown_worker`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Panic => "panic",
            Self::Timeout => "timeout",
            Self::UnknownWorker => "unknown_worker",
            Self::NotStarted => "not_started",
            Self::Unstorable => "unstorable",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
