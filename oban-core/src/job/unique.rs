mod key;

use std::{borrow::Cow, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use super::JobState;
use crate::{Inserted, Job, Period, PeriodError};

pub use key::UNIQUE_KEY;
pub(super) use key::key;

/// What makes a new job a duplicate of a stored one, so that it is not stored a second time.
///
/// The default is Oban's: the same args, queue and worker, inserted within the last 60 seconds, in any state but
/// cancelled and discarded.
///
/// ```
/// use oban_core::{Unique, UniqueField, UniqueStates};
///
/// let once_an_hour = Unique::within("1h");
/// let one_at_a_time = Unique::forever().states(UniqueStates::Incomplete);
/// let by_user = Unique::forever().fields([UniqueField::Worker, UniqueField::Args]).keys(["user_id"]);
/// ```
///
/// Only jobs that were unique themselves, by the same fields and keys, are found: an index of their keys is looked up,
/// never the whole table. Values are compared as JSON, whatever the order of its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Unique {
    pub(super) fields: Cow<'static, [UniqueField]>,
    pub(super) keys: Vec<String>,
    period: Option<Duration>,
    states: Cow<'static, [JobState]>,
    timestamp: UniqueTimestamp,
    problems: Vec<String>,
}

/// A part of a job that counts when jobs are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UniqueField {
    /// The args, or those of its keys that [`Unique::keys`] names.
    Args,
    /// The meta, or those of its keys that [`Unique::keys`] names.
    Meta,
    /// The queue.
    Queue,
    /// The stored name of the worker.
    Worker,
}

/// The time of a stored job that a period counts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UniqueTimestamp {
    /// When it was inserted.
    #[default]
    InsertedAt,
    /// When it may run, or might have.
    ScheduledAt,
}

/// The states in which a stored job counts. Oban's groups, or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UniqueStates {
    /// Any state.
    All,
    /// Not finished: suspended, scheduled, available, executing, retryable.
    Incomplete,
    /// Waiting for its time.
    Scheduled,
    /// Not finished, or completed: any but cancelled and discarded.
    Successful,
    /// These. A list without the states a job passes on its way, such as available or executing, lets duplicates in
    /// while a job is there.
    List(Vec<JobState>),
}

impl Unique {
    /// Oban's defaults, for so long after a job was inserted: `"60s"`, or a [`Duration`].
    pub fn within(period: impl TryInto<Period, Error: Into<PeriodError>>) -> Self {
        Self::forever().period(period)
    }

    /// For as long as the stored job is there.
    pub fn forever() -> Self {
        Self {
            fields: Cow::Borrowed(&[UniqueField::Args, UniqueField::Queue, UniqueField::Worker]),
            keys: Vec::new(),
            period: None,
            states: UniqueStates::Successful.list(),
            timestamp: UniqueTimestamp::InsertedAt,
            problems: Vec::new(),
        }
    }

    /// What is compared; at least one field.
    pub fn fields(mut self, fields: impl IntoIterator<Item = UniqueField>) -> Self {
        let mut fields: Vec<UniqueField> = fields.into_iter().collect();
        fields.sort_unstable();
        fields.dedup();
        self.fields = fields.into();
        self
    }

    /// Compares only these keys of the args and the meta, as far as those are compared. Jobs that lack all of them are
    /// alike.
    pub fn keys<K: Into<String>>(mut self, keys: impl IntoIterator<Item = K>) -> Self {
        self.keys = keys.into_iter().map(Into::into).collect();
        self.keys.sort_unstable();
        self.keys.dedup();
        self
    }

    /// For how long a stored job counts, by the store's clock. One exactly so old still does.
    pub fn period(mut self, period: impl TryInto<Period, Error: Into<PeriodError>>) -> Self {
        match period.try_into() {
            Ok(period) if period.as_duration().is_zero() => {
                self.problems.push("unique: a period of 0 finds nothing; use a longer one".to_owned());
            }
            Ok(period) => self.period = Some(period.as_duration()),
            Err(error) => self.problems.push(format!("unique: period: {}", error.into())),
        }
        self
    }

    /// In which states a stored job counts.
    pub fn states(mut self, states: UniqueStates) -> Self {
        self.states = states.list();
        self
    }

    /// From which of its times the period counts.
    pub fn timestamp(mut self, timestamp: UniqueTimestamp) -> Self {
        self.timestamp = timestamp;
        self
    }

    /// The states in which a stored job counts, in the order of a job's life.
    pub fn counted_states(&self) -> &[JobState] {
        &self.states
    }

    /// For how long a stored job counts; `None`: as long as it is there.
    pub fn counted_period(&self) -> Option<Duration> {
        self.period
    }

    /// The time the period counts from.
    pub fn counted_from(&self) -> UniqueTimestamp {
        self.timestamp
    }

    /// Whether a stored job of the same key makes a new one a duplicate at this time. For engines.
    pub fn counts(&self, stored: &Job, now: DateTime<Utc>) -> bool {
        let at = match self.timestamp {
            UniqueTimestamp::InsertedAt => stored.inserted_at,
            UniqueTimestamp::ScheduledAt => stored.scheduled_at,
        };
        // A period beyond all time reaches back to its beginning.
        let since = self.period.and_then(|period| now.checked_sub_signed(TimeDelta::from_std(period).ok()?));
        self.states.contains(&stored.state) && since.is_none_or(|since| since <= at)
    }

    /// Whether a new job meets what one before it in the same call became or met, if that had the same key, was unique in
    /// the same way, and nothing was replaced since. For engines, which need not look again then.
    pub fn meets(&self, before: &Inserted) -> bool {
        before.conflict || self.counts(&before.job, before.job.inserted_at)
    }

    /// Whether any other key in the meta makes another job.
    pub(crate) fn compares_all_meta(&self) -> bool {
        self.keys.is_empty() && self.fields.contains(&UniqueField::Meta)
    }

    pub(super) fn problems(&self) -> impl Iterator<Item = String> {
        let compares_objects =
            self.fields.iter().any(|field| matches!(field, UniqueField::Args | UniqueField::Meta));
        let complaints = [
            (self.fields.is_empty(), "unique: no fields; name at least one of args, meta, queue, worker"),
            (self.states.is_empty(), "unique: no states; name at least one, or a group"),
            (
                !self.keys.is_empty() && !compares_objects,
                "unique: keys select from args and meta, and neither is among the fields; add one of them",
            ),
        ];
        let complaints = complaints.into_iter().filter(|(holds, _)| *holds).map(|(_, text)| text.to_owned());
        self.problems.iter().cloned().chain(complaints)
    }
}

impl Default for Unique {
    fn default() -> Self {
        Self { period: Some(Duration::from_secs(60)), ..Self::forever() }
    }
}

impl UniqueStates {
    fn list(self) -> Cow<'static, [JobState]> {
        use JobState::{Available, Completed, Executing, Retryable, Scheduled, Suspended};
        Cow::Borrowed(match self {
            Self::All => &JobState::ALL,
            Self::Incomplete => &[Suspended, Scheduled, Available, Executing, Retryable],
            Self::Scheduled => &[Scheduled],
            Self::Successful => &[Suspended, Scheduled, Available, Executing, Retryable, Completed],
            Self::List(mut states) => {
                states.sort_unstable();
                states.dedup();
                return states.into();
            }
        })
    }
}
