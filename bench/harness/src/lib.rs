//! Measures job systems in the same way: each is a [`System`], and [`run`] makes a program of them that takes one
//! measurement of one of them and prints it as a line of JSON.

mod allocations;
mod candidate;
mod measure;
mod meter;
pub mod probe;
mod reading;
mod runner;
mod system;

pub use candidate::Candidate;
pub use candidate::Engine;
pub use candidate::Open;
pub use meter::BYSTANDER;
pub use meter::Server;
pub use reading::Metric;
pub use reading::Reading;
pub use runner::run;
pub use runner::runtime;
pub use system::Node;
pub use system::System;
