//! Measures job systems in the same way, and compares them.

pub mod probe;
mod system;

pub use system::Node;
pub use system::System;
