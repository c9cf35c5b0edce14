//! Hints between nodes: what makes things sooner, never right.

mod channel;
mod contract;
mod hub;
mod signal;

pub use channel::Channel;
pub use contract::Notifier;
pub use hub::Hub;
pub use hub::Notice;
pub use hub::Subscription;
pub(crate) use signal::EVERY_QUEUE;
pub(crate) use signal::Malformed;
pub(crate) use signal::Signal;
pub(crate) use signal::is_for;
