//! Assertions about the jobs that wait to run.

mod check;
mod differences;
mod macros;
mod report;
mod source;
mod wanted;

pub use check::all_enqueued;
pub use check::assert_enqueued;
pub use check::refute_enqueued;
pub use source::Enqueued;
pub use wanted::Wanted;
