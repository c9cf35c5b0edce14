//! Hints between nodes: what makes things sooner, never right.

mod channel;
mod contract;
mod hub;

pub use channel::Channel;
pub use contract::Notifier;
pub use hub::Hub;
pub use hub::Notice;
pub use hub::Subscription;
