//! The measurements. All of them know a system by the trait alone.

mod drain;
mod idle;
mod insert;
mod latency;
mod node;
mod tidy;

pub(crate) use drain::drain;
pub(crate) use idle::idle;
pub(crate) use insert::bulk;
pub(crate) use insert::bulk_unique;
pub(crate) use insert::fill;
pub(crate) use insert::single;
pub(crate) use insert::single_tx;
pub(crate) use latency::latency;
pub(crate) use node::node;
pub(crate) use tidy::tidy;
