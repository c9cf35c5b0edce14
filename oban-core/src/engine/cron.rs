//! What the runtime asks of an engine about periodic jobs, and what it gets.

use chrono::{DateTime, Utc};

use super::Inserted;
use crate::NewJob;

/// What a store knows an entry of a crontab by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CronKey {
    /// Tells entries of an instance apart.
    pub name: String,
    /// Its expression and time zone. An entry whose schedule is new begins anew.
    pub schedule: String,
}

/// What time is it, and what was done about these entries?
#[derive(Clone, Copy, Debug)]
pub struct CronCheck<'a> {
    /// The instance's name.
    pub instance: &'a str,
    /// Its entries on this node.
    pub entries: &'a [CronKey],
}

/// What a store knows of entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronChecked {
    /// The store's time.
    pub now: DateTime<Utc>,
    /// The entries, in the order asked for.
    pub entries: Vec<CronStatus>,
}

/// What a store knows of one entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CronStatus {
    /// Whether there is a run of this name with this schedule.
    pub is_known: bool,
    /// The latest minute, up to now, in which a run of this name began or was inserted.
    pub last: Option<DateTime<Utc>>,
}

/// Write these into the log, and insert the jobs of those that were not in it.
#[derive(Clone, Copy, Debug)]
pub struct CronInsert<'a> {
    /// The instance's name.
    pub instance: &'a str,
    /// A line of the log each.
    pub runs: &'a [CronRun],
    /// So many lines of an entry are kept, those of its latest minutes.
    pub keep: usize,
}

/// One minute of an entry.
#[derive(Clone, Debug, PartialEq)]
pub struct CronRun {
    /// The entry.
    pub key: CronKey,
    /// The minute, as its first instant.
    pub minute: DateTime<Utc>,
    /// What is done about it.
    pub action: CronAction,
}

/// What is done about a minute of an entry.
#[derive(Clone, Debug, PartialEq)]
pub enum CronAction {
    /// Nothing: from here on the entry is watched.
    Begin,
    /// Its job is inserted.
    Insert(Box<NewJob>),
    /// Nothing: it is too late.
    Miss,
}

/// A run that was written into the log.
#[derive(Clone, Debug, PartialEq)]
pub struct CronTaken {
    /// Which of the given runs it is, counted from 0.
    pub run: usize,
    /// Its job, if it has one.
    pub inserted: Option<Inserted>,
}

impl CronAction {
    /// Its name in the log.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Begin => "begun",
            Self::Insert(_) => "inserted",
            Self::Miss => "missed",
        }
    }
}
