use std::collections::{BTreeMap, BTreeSet};

use super::{Job, JobState, NewJob, UNIQUE_KEY};

/// What a stored job takes over from a new one that is its duplicate, by the state it is in. Its state stays.
///
/// ```
/// use oban_core::{JobState, Replace, ReplaceField};
///
/// let latest_wins = Replace::new().in_state(JobState::Scheduled, [ReplaceField::Args, ReplaceField::ScheduledAt]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Replace(BTreeMap<JobState, BTreeSet<ReplaceField>>);

/// A part of a stored job that a duplicate may replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReplaceField {
    /// The args. What the job is unique by stays as it was.
    Args,
    /// How often it is tried; never below the attempts it has had.
    MaxAttempts,
    /// The meta, as a whole.
    Meta,
    /// The priority.
    Priority,
    /// The queue.
    Queue,
    /// When it may run, if the new job says so. An available job stays available.
    ScheduledAt,
    /// The tags.
    Tags,
    /// The stored name of the worker.
    Worker,
}

impl Replace {
    /// Replaces nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces these parts, whatever state the stored job is in.
    pub fn always(fields: impl IntoIterator<Item = ReplaceField>) -> Self {
        let fields: Vec<_> = fields.into_iter().collect();
        JobState::ALL
            .into_iter()
            .fold(Self::new(), |replace, state| replace.in_state(state, fields.iter().copied()))
    }

    /// Replaces these parts as well when the stored job is in this state.
    pub fn in_state(mut self, state: JobState, fields: impl IntoIterator<Item = ReplaceField>) -> Self {
        self.0.entry(state).or_default().extend(fields);
        self
    }

    /// Whether it replaces nothing.
    pub fn is_empty(&self) -> bool {
        self.0.values().all(BTreeSet::is_empty)
    }

    /// The stored job with what it takes over; `None` when that is nothing. For engines: `scheduled_at` is when the new
    /// job would run, by the store's clock.
    pub fn apply(
        &self,
        stored: &Job,
        new: &NewJob,
        scheduled_at: chrono::DateTime<chrono::Utc>,
    ) -> Option<Job> {
        let fields = self.0.get(&stored.state).filter(|fields| !fields.is_empty())?;
        let mut job = stored.clone();
        for field in fields {
            match field {
                ReplaceField::Args => job.args = new.args.clone(),
                ReplaceField::MaxAttempts => job.max_attempts = new.max_attempts.max(job.attempt),
                ReplaceField::Meta => {
                    let key = job.meta.remove(UNIQUE_KEY);
                    job.meta = new.meta.clone();
                    job.meta.extend(key.map(|key| (UNIQUE_KEY.to_owned(), key)));
                }
                ReplaceField::Priority => job.priority = new.priority,
                ReplaceField::Queue => job.queue.clone_from(&new.queue),
                ReplaceField::ScheduledAt if new.state() == JobState::Available => {}
                ReplaceField::ScheduledAt => job.scheduled_at = scheduled_at,
                ReplaceField::Tags => job.tags.clone_from(&new.tags),
                ReplaceField::Worker => job.worker.clone_from(&new.worker),
            }
        }
        (job != *stored).then_some(job)
    }
}
