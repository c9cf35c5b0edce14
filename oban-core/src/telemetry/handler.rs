use std::fmt;

use super::Event;

/// Hears of everything an instance does: [`Builder::telemetry`](crate::Builder::telemetry).
///
/// Closures are handlers: `|event: &Event, source: &Source| …`.
///
/// # Contract
/// A handler has a thread of its own, and hears of events one after the other, shortly after they happened. It may
/// block: nothing waits for it, except [`Oban::stop`](crate::Oban::stop), for two seconds at most. One that falls
/// 16,384 events behind misses what comes until it has caught up; how many it missed is logged. Until then
/// the jobs it has not heard of stay in memory. One that panics is logged, dropped, and hears no more.
pub trait Handler: Send + 'static {
    /// Takes note of an event.
    fn handle(&mut self, event: &Event, source: &Source);
}

/// Who tells.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Source {
    /// The instance's name.
    pub instance: String,
    /// The node's name.
    pub node: String,
}

impl<F> Handler for F
where
    F: FnMut(&Event, &Source) + Send + 'static,
{
    fn handle(&mut self, event: &Event, source: &Source) {
        self(event, source);
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} on {}", self.instance, self.node)
    }
}
