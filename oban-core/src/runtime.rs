//! What turns an engine and workers into a running instance.

mod builder;
mod config;
mod control;
mod drain;
mod inline;
mod node;
mod oban;
mod operate;
mod plumbing;
mod queues;
mod supervisor;
mod testing;

pub use builder::Builder;
pub(crate) use config::Config;
pub use oban::Oban;
pub(crate) use queues::Queues;
pub(crate) use supervisor::Service;
pub(crate) use supervisor::Supervisor;
pub use testing::Testing;
