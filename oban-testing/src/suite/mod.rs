//! The cases that hold an engine to its contract, one file per method or trait.
//!
//! A case is a function of a [`Harness`](crate::Harness); its name says what it checks. It is
//! listed in `cases.rs`. Cases never sleep: their clock is pinned, and they wait on signals.

pub mod ack;
pub mod fetch;
pub mod insert;
pub mod prune;
pub mod reclaim;
pub mod rescue;
pub mod stage;
