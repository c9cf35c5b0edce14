//! One error type for every layer: what kind, during which operation, about what, and why.

use std::fmt;

/// Any error a worker, a driver or a user may hand us.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// The result of everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, as far as the caller's next step depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A value that was given is not allowed. The message names it and the cure. From a store it means that the same
    /// call can never succeed.
    Invalid,
    /// What was asked for does not exist.
    NotFound,
    /// The store cannot be reached or ended the connection. Transient. Whether a write
    /// that was under way took effect is unknown.
    Unavailable,
    /// The store undid the work because of another transaction (deadlock, serialization
    /// failure, busy). Transient, and nothing took effect.
    Contended,
    /// The store's schema is missing, too old or too new.
    Unmigrated,
    /// This engine cannot do what was asked.
    Unsupported,
    /// This instance has stopped.
    Stopped,
    /// A job failed while its caller waited for it, and had asked to be told.
    Failed,
    /// The store refused for any other reason.
    Store,
}

/// An error with its kind, the operation it ended, the values concerned, and its source.
///
/// `Display` is one line; `Debug` lists every part.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    operation: &'static str,
    message: String,
    context: Vec<(&'static str, String)>,
    source: Option<BoxError>,
}

impl Error {
    /// An error of `kind` that ended `operation`. `message` says what is wrong and, where
    /// the reader can do something about it, what.
    pub fn new(kind: ErrorKind, operation: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, operation, message: message.into(), context: Vec::new(), source: None }))
    }

    /// A value the caller gave is not allowed.
    pub fn invalid(operation: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, operation, message)
    }

    /// Adds a value that tells this case from others, such as the queue's name.
    #[must_use]
    pub fn with_context(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        self.0.context.push((key, value.to_string()));
        self
    }

    /// Adds the error that caused this one.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The operation that ended, e.g. `insert_jobs`.
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// What is wrong, without the operation, the values and the source.
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether the same call may succeed later without any change: the store was
    /// unreachable or another transaction was in the way.
    pub fn is_transient(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Unavailable | ErrorKind::Contended)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.0.operation, self.0.message)?;
        for (key, value) in &self.0.context {
            write!(formatter, ", {key}: {value}")?;
        }
        // Not left to reporters that walk `source()`: most print only this line.
        match &self.0.source {
            Some(source) => write!(formatter, ": {source}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("operation", &self.0.operation)
            .field("message", &self.0.message)
            .field("context", &self.0.context)
            .field("source", &self.0.source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, ErrorKind};

    #[test]
    fn display_is_one_line_with_context_and_source() {
        let error = Error::new(ErrorKind::Unavailable, "fetch_jobs", "the database does not answer")
            .with_context("queue", "mailers")
            .with_source("connection reset");
        assert_eq!(
            error.to_string(),
            "fetch_jobs: the database does not answer, queue: mailers: connection reset"
        );
        assert!(error.is_transient());
        assert!(!Error::invalid("insert", "no").is_transient());
    }
}
