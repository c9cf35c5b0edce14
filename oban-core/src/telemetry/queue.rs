use std::time::Duration;

use crate::{JobId, QueueChange};

/// Something that happened to a queue of this node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueueEvent {
    /// It has started.
    Started {
        /// The queue.
        queue: String,
        /// How many of its jobs may run at once.
        limit: usize,
        /// Whether it fetches none until it is resumed.
        paused: bool,
    },
    /// It fetches no more.
    Paused {
        /// The queue.
        queue: String,
    },
    /// It fetches again.
    Resumed {
        /// The queue.
        queue: String,
    },
    /// It has another limit.
    Scaled {
        /// The queue.
        queue: String,
        /// How many of its jobs may run at once from now on.
        limit: usize,
    },
    /// It was asked to stop: it fetches no more and waits for its jobs.
    Stopping {
        /// The queue.
        queue: String,
    },
    /// It has stopped.
    Stopped {
        /// The queue.
        queue: String,
        /// Since it was asked to.
        elapsed: Duration,
        /// The jobs that were handed back because they outlasted the grace period, or came after it.
        handed_back: Vec<JobId>,
        /// How many outcomes the store did not take in time. Their jobs are left to rescue.
        unstored: usize,
    },
    /// Jobs of a fetch whose answer was lost were handed back.
    Reclaimed {
        /// The queue.
        queue: String,
        /// How many jobs.
        count: usize,
    },
}

impl QueueEvent {
    /// A name such as `queue.paused`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Started { .. } => "queue.started",
            Self::Paused { .. } => "queue.paused",
            Self::Resumed { .. } => "queue.resumed",
            Self::Scaled { .. } => "queue.scaled",
            Self::Stopping { .. } => "queue.stopping",
            Self::Stopped { .. } => "queue.stopped",
            Self::Reclaimed { .. } => "queue.reclaimed",
        }
    }

    /// The queue.
    pub fn queue(&self) -> &str {
        match self {
            Self::Started { queue, .. }
            | Self::Paused { queue }
            | Self::Resumed { queue }
            | Self::Scaled { queue, .. }
            | Self::Stopping { queue }
            | Self::Stopped { queue, .. }
            | Self::Reclaimed { queue, .. } => queue,
        }
    }

    pub(crate) fn of(queue: String, change: QueueChange) -> Self {
        match change {
            QueueChange::Limit(limit) => Self::Scaled { queue, limit },
            QueueChange::Paused(true) => Self::Paused { queue },
            QueueChange::Paused(false) => Self::Resumed { queue },
            QueueChange::Draining => Self::Stopping { queue },
        }
    }
}
