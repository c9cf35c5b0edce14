//! What a runner can measure, by name.

use std::fmt;

use anyhow::Result;
use clap::ValueEnum;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::System;

/// Opens a system on the database at this URL, or in the file of this name. Tables may not be there yet.
pub type Open = fn(String) -> BoxFuture<'static, Result<Box<dyn System>>>;

/// Where jobs are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// A Postgres server.
    Postgres,
    /// A SQLite file.
    Sqlite,
    /// The process itself.
    Memory,
}

/// A system with its settings, under the name it is asked for by: `riverqueue`, `riverqueue-tuned`.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// The name.
    pub name: &'static str,
    /// Where it keeps its jobs.
    pub engine: Engine,
    /// How to open it.
    pub open: Open,
}

impl Engine {
    /// Whether jobs outlive the process that inserted them.
    pub fn persists(self) -> bool {
        self != Self::Memory
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
            Self::Memory => "memory",
        })
    }
}
