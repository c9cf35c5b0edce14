//! Types, traits and runtime of oban: jobs that live in your database.
//!
//! A job is a row; an [`Engine`] moves rows between states; a producer asks an engine for rows
//! and runs workers; a few services keep the rows tidy; notifications only make things sooner,
//! never right. This crate knows no database: engines live in crates of their own. Applications use the facade `oban`.

mod backoff;
mod clock;
mod cron;
mod engine;
mod error;
mod job;
mod notifier;
mod peer;
mod period;
mod queue;
mod runtime;
mod service;
mod worker;

pub use backoff::job as default_backoff;
/// The time types of the API.
pub use chrono;
pub use clock::Clock;
pub use cron::CronEntry;
pub use cron::CronError;
pub use cron::CronExpression;
pub use engine::Ack;
pub use engine::Capabilities;
pub use engine::Conn;
pub use engine::CronAction;
pub use engine::CronCheck;
pub use engine::CronChecked;
pub use engine::CronInsert;
pub use engine::CronKey;
pub use engine::CronRun;
pub use engine::CronStatus;
pub use engine::CronTaken;
pub use engine::Engine;
pub use engine::Fetch;
pub use engine::Fetched;
pub use engine::Finish;
pub use engine::Inserted;
pub use engine::Inspect;
pub use engine::JobCount;
pub use engine::Migrate;
pub use engine::Prune;
pub use engine::QueueChange;
pub use engine::QueueMeta;
pub use engine::QueueSpec;
pub use engine::Rescue;
pub use engine::Stage;
pub use engine::Staged;
pub use engine::Touched;
pub use error::BoxError;
pub use error::Error;
pub use error::ErrorKind;
pub use error::Result;
pub use job::AttemptError;
pub use job::Job;
pub use job::JobArgs;
pub use job::JobChanges;
pub use job::JobFilter;
pub use job::JobId;
pub use job::JobState;
pub use job::NewJob;
pub use job::Position;
pub use job::Schedule;
pub use notifier::Channel;
pub use notifier::Hub;
pub use notifier::Notice;
pub use notifier::Notifier;
pub use notifier::Subscription;
pub use peer::Lease;
pub use peer::Peer;
pub use period::Period;
pub use period::PeriodError;
pub use queue::QueueInfo;
pub use queue::QueueOptions;
pub use runtime::Builder;
pub use runtime::Oban;
pub use service::SonarStatus;
/// How a [`Notifier`] is told to end, and a job to stop.
pub use tokio_util::sync::CancellationToken;
pub use worker::Checked;
pub use worker::Context;
pub use worker::Outcome;
pub use worker::Performed;
pub use worker::Worker;
