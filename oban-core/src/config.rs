//! How an instance is told what to do, other than by code.

mod cron;
mod key;
mod keys;
mod services;
mod settings;
mod sources;
#[cfg(all(test, feature = "toml"))]
mod tests;
#[cfg(feature = "toml")]
mod toml;
mod value;

pub(crate) use cron::GivenEntry;
pub(crate) use settings::Settings;
pub use sources::Config;
