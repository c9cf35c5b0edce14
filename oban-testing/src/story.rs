//! The stories that hold an engine together with the runtime: real nodes, real workers, real time.
//!
//! A story is a function of a [`Cluster`]; its name says what it checks. It is listed in
//! `stories.rs`. Stories never sleep to let something happen: they wait for a signal, or until
//! something holds.

pub(crate) mod cast;
pub(crate) mod cluster;
pub(crate) mod faulty;
pub(crate) mod witness;

pub mod clusters;
pub mod commands;
pub mod control;
pub mod cron;
pub mod drain;
pub mod failures;
pub mod hooks;
pub mod input;
pub mod limits;
pub mod outages;
pub mod outcomes;
pub mod services;
pub mod shutdown;
pub mod telemetry;
pub mod testing;
pub mod upkeep;

pub use cluster::Cluster;
