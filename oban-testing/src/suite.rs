//! The cases that hold an engine to its contract, one file per method or trait.
//!
//! A case is a function of a [`Harness`](crate::Harness); its name says what it checks. It is
//! listed in `cases.rs`. Cases never sleep: their clock is pinned, and they wait on signals.

pub mod ack;
pub mod announce;
pub mod cancel;
pub mod cron;
pub mod delete;
pub mod fence;
pub mod fetch;
pub mod insert;
pub mod inspect;
pub mod notifier;
pub mod peer;
pub mod prune;
pub mod queue;
pub mod reclaim;
pub mod reindex;
pub mod rescue;
pub mod retry;
pub mod stage;
pub mod unique;
pub mod update;
