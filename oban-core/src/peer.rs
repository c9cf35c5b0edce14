//! Which node leads.

mod contract;
mod election;

pub use contract::Lease;
pub use contract::Peer;
pub(crate) use election::Election;
