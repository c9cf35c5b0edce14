//! In-memory engine, conformance suite and test helpers of oban.
//!
//! - [`Memory`] is an engine without a database: the reference for all others.
//! - [`manual`] and [`inline`] set up instances for an application's tests, and [`assert_enqueued!`], [`refute_enqueued!`]
//!   and [`all_enqueued!`] tell what it has inserted.
//! - [`perform_job`] runs a worker without any store.
//! - [`conformance!`] generates the tests that hold an engine to its contract.
//! - [`model::check`] compares an engine with a model of the contract in random histories.

mod cases;
#[expect(clippy::unwrap_used, clippy::expect_used, reason = "test code that other crates compile")]
mod conformance;
#[expect(clippy::unwrap_used, clippy::expect_used, reason = "test code that other crates compile")]
mod ear;
mod enqueued;
mod fixture;
#[expect(clippy::unwrap_used, clippy::expect_used, reason = "test code that other crates compile")]
mod harness;
mod memory;
#[expect(clippy::unwrap_used, reason = "test code that other crates compile")]
pub mod model;
mod modes;
mod perform;
mod stories;
#[expect(missing_docs, reason = "the name of a story says what it checks")]
#[expect(clippy::unwrap_used, clippy::expect_used, reason = "test code that other crates compile")]
pub mod story;
#[expect(missing_docs, reason = "the name of a case says what it checks")]
#[expect(clippy::unwrap_used, reason = "test code that other crates compile")]
pub mod suite;

pub use ear::Ear;
pub use enqueued::Enqueued;
pub use enqueued::Wanted;
pub use fixture::Fixture;
pub use harness::Harness;
pub use memory::Memory;
pub use modes::inline;
pub use modes::manual;
pub use oban_core::Testing;
pub use perform::PerformJob;
pub use perform::perform_job;

#[doc(hidden)]
pub mod __private {
    pub use oban_core::Clock;
    pub use oban_core::JobArgs;
    pub use serde_json::json;

    pub use crate::conformance::run;
    pub use crate::enqueued::all_enqueued;
    pub use crate::enqueued::assert_enqueued;
    pub use crate::enqueued::refute_enqueued;
}
