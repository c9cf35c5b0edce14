//! What turns an engine and workers into a running instance.

mod builder;
mod control;
mod drain;
mod echoes;
mod inline;
mod node;
mod oban;
mod obedience;
mod operate;
mod plumbing;
mod queues;
mod scope;
mod signals;
mod supervisor;
mod testing;

pub use builder::Builder;
use builder::Instruments;
pub use oban::Oban;
pub(crate) use queues::Queues;
pub use scope::Scope;
pub use scope::Target;
pub(crate) use supervisor::Service;
pub(crate) use supervisor::Supervisor;
pub use testing::Testing;
