//! One queue on one node: who fetches its jobs, who runs them, who reports them.

mod acker;
mod ahead;
mod appetite;
mod calls;
mod drain;
mod drainer;
mod executor;
mod hearts;
mod here;
mod inbox;
mod options;
mod producer;
mod running;
mod slot;
mod watchman;
mod wiring;

pub use drain::Drain;
pub use drain::Drained;
pub(crate) use drainer::Drainer;
pub(crate) use executor::Executor;
pub(crate) use hearts::Hearts;
pub(crate) use here::Ran;
pub(crate) use here::run_here;
pub use options::QueueInfo;
pub use options::QueueOptions;
pub(crate) use producer::Producer;
pub(crate) use wiring::Command;
pub(crate) use wiring::Wiring;
