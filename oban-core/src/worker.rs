//! User code: what runs a job, what it is given and what it answers.

mod context;
mod contract;
mod outcome;
mod registry;

pub use context::Context;
pub use contract::Performed;
pub use contract::Worker;
pub use outcome::Checked;
pub use outcome::Outcome;
pub use outcome::Snooze;
pub(crate) use registry::Registry;
pub(crate) use registry::Run;
