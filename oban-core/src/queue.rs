//! One queue on one node: who fetches its jobs, who runs them, who reports them.

mod acker;
mod appetite;
mod calls;
mod executor;
mod inbox;
mod options;
mod producer;
mod running;
mod slot;
mod watchman;
mod wiring;

pub(crate) use executor::Executor;
pub use options::QueueInfo;
pub use options::QueueOptions;
pub(crate) use producer::Producer;
pub(crate) use wiring::Command;
pub(crate) use wiring::Wiring;
