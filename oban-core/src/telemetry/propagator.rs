use std::{
    fmt,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::{Map, Value};
use tracing::Span;

use crate::{NewJob, Unique};

/// Carries a trace from whoever inserts a job to the run of the job, in the job's meta:
/// [`Builder::propagator`](crate::Builder::propagator).
///
/// The keys are those of [W3C Trace Context](https://www.w3.org/TR/trace-context/), `traceparent` and `tracestate`, if
/// the carrier should be understood elsewhere. A propagator that panics is logged once and not asked again.
pub trait Propagator: Send + Sync + 'static {
    /// Writes the present trace into an empty carrier. Called once for each insert, on the caller's thread. What it
    /// writes is added to the meta of the jobs inserted, except for keys that a job has already. Jobs that are unique by
    /// all of their meta go without: no two of them would be the same.
    fn inject(&self, carrier: &mut Map<String, Value>);

    /// Makes the trace in a job's meta the parent of its run's span, `oban.job`, which has not been entered yet. Called
    /// where the run is going to be, before its worker.
    fn extract(&self, carrier: &Map<String, Value>, span: &Span);
}

/// A propagator, if there is one.
#[derive(Clone, Default)]
pub(crate) struct Propagation(Option<Arc<Guarded>>);

struct Guarded {
    propagator: Box<dyn Propagator>,
    broken: AtomicBool,
}

impl Propagation {
    pub(crate) fn new(propagator: impl Propagator) -> Self {
        let propagator = Box::new(propagator);
        Self(Some(Arc::new(Guarded { propagator, broken: AtomicBool::new(false) })))
    }

    /// Adds the present trace to jobs that are about to be inserted.
    pub(crate) fn inject(&self, jobs: &mut [NewJob]) {
        let Some(guarded) = &self.0 else { return };
        let mut carrier = Map::new();
        if guarded.attempt(|propagator| propagator.inject(&mut carrier)).is_none() {
            return;
        }
        // A job that is unique by all of its meta would never be the same again.
        for job in jobs.iter_mut().filter(|job| !job.unique.as_ref().is_some_and(Unique::compares_all_meta)) {
            for (key, value) in &carrier {
                job.meta.entry(key).or_insert_with(|| value.clone());
            }
        }
    }

    /// Gives the span of a run its parent.
    pub(crate) fn extract(&self, meta: &Map<String, Value>, span: &Span) {
        if let Some(guarded) = &self.0 {
            guarded.attempt(|propagator| propagator.extract(meta, span));
        }
    }
}

impl Guarded {
    /// `None` when it panicked, now or before.
    fn attempt(&self, act: impl FnOnce(&dyn Propagator)) -> Option<()> {
        if self.broken.load(Ordering::Relaxed) {
            return None;
        }
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| act(&*self.propagator)));
        if outcome.is_err() && !self.broken.swap(true, Ordering::Relaxed) {
            tracing::error!("the trace propagator panicked; traces end at jobs from now on");
        }
        outcome.ok()
    }
}

impl fmt::Debug for Propagation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Propagation").field(&self.0.is_some()).finish()
    }
}
