//! Background jobs in the database you already have.
//!
//! A job is a row: inserted in the same transaction as the data it belongs to, run by any node that knows its
//! worker, and kept after it ran. The tables, their states and the notifications are those of Oban for Elixir.
//!
//! Choose a store by feature: `sqlite` (default, embedded), `postgres`, or `testing` for the in-memory engine. With
//! `macros` (default) there is [`job`].
//!
//! ```
//! # #[cfg(all(feature = "macros", feature = "testing"))]
//! # #[tokio::main]
//! # async fn main() -> oban::Result<()> {
//! use oban::{Context, JobArgs, Oban, Outcome, Performed, Worker, job, testing::Memory};
//!
//! #[job(queue = "mailers", max_attempts = 3)]
//! struct SendWelcome { user_id: i64 }
//!
//! impl Worker for SendWelcome {
//!     async fn perform(self, ctx: Context) -> Performed {
//!         println!("welcome, user {} (attempt {})", self.user_id, ctx.job().attempt);
//!         Ok(Outcome::Complete)
//!     }
//! }
//!
//! let oban = Oban::builder(Memory::new())
//!     .queue("mailers", 10)
//!     .worker::<SendWelcome>()
//!     .start()
//!     .await?;
//!
//! oban.insert(SendWelcome { user_id: 1 }).await?;
//! oban.insert(SendWelcome { user_id: 2 }.schedule_in("5m")).await?;
//! oban.insert_all((0..100).map(|user_id| SendWelcome { user_id })).await?;
//! oban.stop().await
//! # }
//! # #[cfg(not(all(feature = "macros", feature = "testing")))]
//! # fn main() {}
//! ```

pub use oban_core::Ack;
pub use oban_core::AttemptError;
pub use oban_core::BoxError;
pub use oban_core::Builder;
pub use oban_core::CancellationToken;
pub use oban_core::Capabilities;
pub use oban_core::Channel;
pub use oban_core::Checked;
pub use oban_core::Clock;
pub use oban_core::Config;
pub use oban_core::Conn;
pub use oban_core::Context;
pub use oban_core::CronAction;
pub use oban_core::CronCheck;
pub use oban_core::CronChecked;
pub use oban_core::CronEntry;
pub use oban_core::CronError;
pub use oban_core::CronExpression;
pub use oban_core::CronInsert;
pub use oban_core::CronKey;
pub use oban_core::CronRun;
pub use oban_core::CronStatus;
pub use oban_core::CronTaken;
pub use oban_core::Drain;
pub use oban_core::Drained;
pub use oban_core::Engine;
pub use oban_core::Error;
pub use oban_core::ErrorKind;
pub use oban_core::Fetch;
pub use oban_core::Fetched;
pub use oban_core::Finish;
pub use oban_core::Hub;
pub use oban_core::Inserted;
pub use oban_core::Inspect;
pub use oban_core::Job;
pub use oban_core::JobArgs;
pub use oban_core::JobChanges;
pub use oban_core::JobCount;
pub use oban_core::JobFilter;
pub use oban_core::JobId;
pub use oban_core::JobState;
pub use oban_core::Lease;
pub use oban_core::Lifeline;
pub use oban_core::Migrate;
pub use oban_core::NewJob;
pub use oban_core::Notice;
pub use oban_core::Notifier;
pub use oban_core::Oban;
pub use oban_core::Outcome;
pub use oban_core::Peer;
pub use oban_core::Performed;
pub use oban_core::Period;
pub use oban_core::PeriodError;
pub use oban_core::Prune;
pub use oban_core::Pruner;
pub use oban_core::QueueChange;
pub use oban_core::QueueInfo;
pub use oban_core::QueueMeta;
pub use oban_core::QueueOptions;
pub use oban_core::QueueSpec;
pub use oban_core::Reclaimed;
pub use oban_core::Reindex;
pub use oban_core::Reindexed;
pub use oban_core::Reindexer;
pub use oban_core::Replace;
pub use oban_core::ReplaceField;
pub use oban_core::Rescue;
pub use oban_core::Result;
pub use oban_core::Schedule;
pub use oban_core::Scope;
pub use oban_core::Snooze;
pub use oban_core::SonarStatus;
pub use oban_core::Stage;
pub use oban_core::Staged;
pub use oban_core::Subscription;
pub use oban_core::Target;
pub use oban_core::Testing;
pub use oban_core::Touched;
pub use oban_core::UNIQUE_KEY;
pub use oban_core::Unique;
pub use oban_core::UniqueField;
pub use oban_core::UniqueStates;
pub use oban_core::UniqueTimestamp;
pub use oban_core::Worker;
pub use oban_core::chrono;
pub use oban_core::default_backoff;
#[doc(inline)]
pub use oban_core::telemetry;

#[cfg(feature = "macros")]
pub use oban_macros::Job;
#[cfg(feature = "macros")]
pub use oban_macros::job;

#[cfg(feature = "postgres")]
#[doc(inline)]
pub use oban_postgres as postgres;
#[cfg(feature = "sqlite")]
#[doc(inline)]
pub use oban_sqlite as sqlite;
#[cfg(feature = "testing")]
#[doc(inline)]
pub use oban_testing as testing;

/// What the macros' code refers to. Not part of the API.
#[doc(hidden)]
pub mod __private {
    pub use oban_core::CronEntry;
    pub use oban_core::CronExpression;
    pub use oban_core::JobArgs;
    pub use oban_core::JobState;
    pub use oban_core::NewJob;
    pub use oban_core::Period;
    pub use oban_core::Replace;
    pub use oban_core::ReplaceField;
    pub use oban_core::Unique;
    pub use oban_core::UniqueField;
    pub use oban_core::UniqueStates;
    pub use oban_core::UniqueTimestamp;
    pub use serde;
    pub use serde_json;
}

#[cfg(all(
    doctest,
    feature = "macros",
    feature = "postgres",
    feature = "sqlite",
    feature = "testing",
    feature = "toml"
))]
mod guides;
