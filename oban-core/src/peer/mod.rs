//! Which node leads.

mod contract;

pub use contract::Lease;
pub use contract::Peer;
