use std::time::Duration;

use super::{Event, Failure, Handler, JobEvent, Source};
use crate::Job;

/// Hears of failed attempts alone, to tell a service such as Sentry: [`Builder::report_errors`](crate::Builder::report_errors).
///
/// Closures are reporters: `|report: &ErrorReport<'_>| …`. What holds for a [`Handler`] holds for reporters: they may
/// block, they have a thread of their own, and one that panics is dropped.
pub trait ErrorReporter: Send + 'static {
    /// Takes note of a failed attempt.
    fn report(&mut self, report: &ErrorReport<'_>);
}

/// A failed attempt.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ErrorReport<'a> {
    /// The row as it was fetched. [`attempt`](Job::attempt) is the one that failed.
    pub job: &'a Job,
    /// Why it failed.
    pub failure: &'a Failure,
    /// After which wait it is tried again; `None`: that was its last attempt.
    pub retry_in: Option<Duration>,
    /// How long it ran.
    pub duration: Duration,
    /// Who tells.
    pub source: &'a Source,
}

/// A reporter as a handler.
pub(crate) struct Reporting<R>(pub(crate) R);

impl<F> ErrorReporter for F
where
    F: FnMut(&ErrorReport<'_>) + Send + 'static,
{
    fn report(&mut self, report: &ErrorReport<'_>) {
        self(report);
    }
}

impl<R: ErrorReporter> Handler for Reporting<R> {
    fn handle(&mut self, event: &Event, source: &Source) {
        if let Event::Job(JobEvent::Failed { run, failure, retry_in }) = event {
            let (retry_in, duration) = (*retry_in, run.duration);
            self.0.report(&ErrorReport { job: &run.job, failure, retry_in, duration, source });
        }
    }
}
