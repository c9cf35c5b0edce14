//! The embedded SQLite engine of oban.
mod connection;
mod engine;
mod error;
mod inspect;
mod migrate;
mod notifier;
mod open;
mod peer;
mod row;
mod select;
mod sql;
mod thread;
mod time;
mod watcher;
mod writer;

pub use open::Builder;
pub use open::Sqlite;
pub use rusqlite;
