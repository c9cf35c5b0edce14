use chrono::{DateTime, Utc};

use super::JobId;

/// Where a job stands among the available jobs of its queue: smaller goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Its priority; a smaller one goes first.
    pub priority: i32,
    /// Then the time it may run since.
    pub scheduled_at: DateTime<Utc>,
    /// Then its id.
    pub id: JobId,
}

impl Position {
    /// Before every job.
    pub const START: Self = Self { priority: i32::MIN, scheduled_at: DateTime::UNIX_EPOCH, id: JobId(0) };
}
