//! The embedded SQLite engine of oban: jobs in a file, without a server.
//!
//! [`Sqlite::open`] is all there is to set up: it makes the file and its tables. The file may be
//! the application's own, and [`InsertTx`] then inserts jobs in the application's transactions.
//! Any number of processes on one machine may work on a file together.
//!
//! What a SQLite engine cannot do: be shared by machines, since its locks do not work over a network.

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
mod tx;
mod watcher;
mod writer;

pub use open::Builder;
pub use open::Sqlite;
pub use rusqlite;
pub use tx::InsertTx;
pub use tx::InspectTx;
