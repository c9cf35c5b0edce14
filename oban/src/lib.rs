//! Background jobs in the database you already have: robust, observable, transactional.

pub use oban_core::Job;
pub use oban_core::JobArgs;
pub use oban_core::NewJob;

#[cfg(feature = "macros")]
pub use oban_macros::Job;
#[cfg(feature = "macros")]
pub use oban_macros::job;

/// What the macros' code refers to. Not part of the API.
#[doc(hidden)]
pub mod __private {
    pub use oban_core::JobArgs;
    pub use oban_core::NewJob;
    pub use serde;
    pub use serde_json;
}
