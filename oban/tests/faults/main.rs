//! Real faults, on nodes that are processes of their own and a Postgres that is real: what must hold when a process
//! is killed, the server restarts, connections end or fall silent, or an operator interferes.
//!
//! Nodes run with intervals about ten times shorter than the defaults; see [`node::hasten`].
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking, and its processes talk through stdout"
)]

// What the tests work with.
mod database;
mod node;
mod proxy;
mod server;
mod wait;
mod worker;

// The tests, by fault.
mod bad_environments;
mod commands;
mod crowds;
mod cut_notifications;
mod duplicates;
mod killed_nodes;
mod leaders;
mod lost_connections;
mod odd_rows;
mod periodic;
mod restarts;
mod silent_sockets;
mod stops;
mod transactions;
