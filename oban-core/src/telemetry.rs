//! What an instance tells of its work: events, who hears them, and traces that go from inserter to worker.

mod dispatch;
mod engine;
mod event;
mod failure;
mod fields;
mod handler;
mod job;
mod logger;
mod outlet;
mod peer;
mod propagator;
mod queue;
mod report;
mod service;
#[cfg(test)]
mod tests;

pub(crate) use dispatch::Handlers;
pub(crate) use dispatch::Telemetry;
pub(crate) use engine::Call;
pub use engine::EngineEvent;
pub use event::Event;
pub use event::NodeEvent;
pub use event::NotifierEvent;
pub use event::Topic;
pub(crate) use failure::Cause;
pub use failure::Failure;
pub use failure::FailureKind;
pub use handler::Handler;
pub use handler::Source;
pub use job::JobEvent;
pub use job::Run;
pub use logger::Logger;
pub use peer::PeerEvent;
pub(crate) use propagator::Propagation;
pub use propagator::Propagator;
pub use queue::QueueEvent;
pub use report::ErrorReport;
pub use report::ErrorReporter;
pub(crate) use report::Reporting;
pub use service::ServiceEvent;
