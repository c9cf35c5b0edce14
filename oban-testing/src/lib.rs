//! In-memory engine, conformance suite and test helpers of oban.

mod memory;

pub use memory::Memory;
