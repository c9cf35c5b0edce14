use std::time::Duration;

use tokio::time::Instant;

use super::{Event, Telemetry};
use crate::{ErrorKind, Result};

/// A call to the engine. `operation` is the name of the trait's method, such as `fetch_jobs`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EngineEvent {
    /// It begins.
    Started {
        /// Which call.
        operation: &'static str,
    },
    /// It was answered.
    Stopped {
        /// Which call.
        operation: &'static str,
        /// How long it took, new tries after a conflict included.
        duration: Duration,
        /// How many jobs it fetched, stored or moved, where it is about jobs.
        count: Option<usize>,
    },
    /// It failed.
    Failed {
        /// Which call.
        operation: &'static str,
        /// How long it took.
        duration: Duration,
        /// What went wrong, as far as the next step depends on it.
        kind: ErrorKind,
        /// The error in words.
        error: String,
    },
    /// Whoever made it does not wait for the answer any more.
    GivenUp {
        /// Which call.
        operation: &'static str,
        /// How long it was waited for.
        duration: Duration,
    },
}

/// A call under way. It tells its end, however it ends.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    telemetry: &'a Telemetry,
    operation: &'static str,
    /// `None`: nobody hears, or the end was told.
    began: Option<Instant>,
}

impl EngineEvent {
    /// A name such as `engine.failed`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Started { .. } => "engine.started",
            Self::Stopped { .. } => "engine.stopped",
            Self::Failed { .. } => "engine.failed",
            Self::GivenUp { .. } => "engine.given_up",
        }
    }

    /// The name of the trait's method.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Started { operation }
            | Self::Stopped { operation, .. }
            | Self::Failed { operation, .. }
            | Self::GivenUp { operation, .. } => operation,
        }
    }
}

impl<'a> Call<'a> {
    pub(crate) fn begin(telemetry: &'a Telemetry, operation: &'static str) -> Self {
        telemetry.emit(|| Event::Engine(EngineEvent::Started { operation }));
        Self { telemetry, operation, began: telemetry.is_on().then(Instant::now) }
    }

    pub(crate) fn end<T>(mut self, answer: &Result<T>, count: impl FnOnce(&T) -> Option<usize>) {
        let (Some(began), operation) = (self.began.take(), self.operation) else { return };
        let duration = began.elapsed();
        self.telemetry.emit(|| {
            Event::Engine(match answer {
                Ok(value) => EngineEvent::Stopped { operation, duration, count: count(value) },
                Err(error) => {
                    let (kind, error) = (error.kind(), error.to_string());
                    EngineEvent::Failed { operation, duration, kind, error }
                }
            })
        });
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if let (Some(began), operation) = (self.began.take(), self.operation) {
            self.telemetry
                .emit(|| Event::Engine(EngineEvent::GivenUp { operation, duration: began.elapsed() }));
        }
    }
}
