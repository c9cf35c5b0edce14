//! The Postgres engine of oban.
//!
//! Rows written here can be read by Oban for Elixir, and rows it writes can be run here: the table
//! is Oban's, version 14. [`Postgres`] is all an application needs:
//!
//! ```no_run
//! # async fn run() -> oban_core::Result<()> {
//! use oban_postgres::Postgres;
//!
//! let postgres = Postgres::connect("postgres://localhost/app").await?;
//! postgres.migrate().await?;
//! # Ok(())
//! # }
//! ```

mod bind;
mod borrowed;
mod decode;
mod encode;
mod engine;
mod error;
mod inspect;
mod jsonb;
mod migrate;
mod notifier;
mod peer;
mod pool;
mod postgres;
mod prefix;
mod row;
mod sql;
mod tx;
mod wire;

pub use migrate::IndexProfile;
pub use postgres::Postgres;
pub use tx::InsertTx;
pub use tx::InspectTx;
