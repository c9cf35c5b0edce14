//! Periodic jobs: expressions, time zones, entries, and which minutes of an entry are due.
#![expect(
    clippy::result_large_err,
    reason = "an error that can be handled in constants owns its text, and is made at start alone"
)]

mod crontab;
mod entry;
mod error;
mod expression;
mod field;
mod search;
#[cfg(test)]
mod tests;
mod zone;

pub(crate) use crontab::Crontab;
pub(crate) use crontab::Missed;
pub(crate) use crontab::minute_of;
pub use entry::CronEntry;
pub use error::CronError;
pub use expression::CronExpression;
