//! Jobs: the stored row, the unsaved one, and what selects or changes them.

mod args;
mod changes;
mod errors;
mod filter;
mod id;
mod new;
mod position;
pub(crate) mod recorded;
mod replace;
mod row;
mod state;
mod unique;
pub(crate) mod validate;

pub use args::JobArgs;
pub use changes::JobChanges;
pub use errors::AttemptError;
pub use filter::JobFilter;
pub use id::JobId;
pub use new::NewJob;
pub use new::Schedule;
pub use position::Position;
pub use replace::Replace;
pub use replace::ReplaceField;
pub use row::Job;
pub use state::JobState;
pub use unique::UNIQUE_KEY;
pub use unique::Unique;
pub use unique::UniqueField;
pub use unique::UniqueStates;
pub use unique::UniqueTimestamp;
