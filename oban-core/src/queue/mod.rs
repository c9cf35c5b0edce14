//! One queue on one node: who fetches its jobs, who runs them, who reports them.

mod acker;
mod executor;
mod options;
mod producer;
mod running;
mod watchman;

pub(crate) use executor::Executor;
pub use options::QueueInfo;
pub use options::QueueOptions;
pub(crate) use producer::Command;
pub(crate) use producer::Producer;
pub(crate) use producer::Wiring;
