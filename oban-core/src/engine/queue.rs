use chrono::{DateTime, Utc};
use uuid::Uuid;

/// What a producer asks its engine to register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueSpec {
    /// The instance's name, e.g. `Oban`.
    pub instance: String,
    /// The node's name.
    pub node: String,
    /// The queue's name.
    pub queue: String,
    /// How many jobs run at once here.
    pub limit: usize,
    /// Whether it starts without fetching.
    pub paused: bool,
}

/// A registered producer: one queue on one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueMeta {
    /// Tells this producer from every other one, also from former ones of the same node. The
    /// second element of `attempted_by`.
    pub uuid: Uuid,
    /// The instance's name.
    pub instance: String,
    /// The node's name. The first element of `attempted_by`.
    pub node: String,
    /// The queue's name.
    pub queue: String,
    /// How many jobs run at once here.
    pub limit: usize,
    /// Whether it fetches.
    pub paused: bool,
    /// Whether it is on its way out and fetches no more.
    pub draining: bool,
    /// When it was registered, by the store's clock.
    pub started_at: DateTime<Utc>,
}

/// A change of a producer's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueueChange {
    /// Run so many jobs at once.
    Limit(usize),
    /// Fetch, or do not.
    Paused(bool),
    /// Fetch no more; the queue stops.
    Draining,
}

impl QueueMeta {
    /// The registration of `spec`, with an identity of its own.
    pub fn new(spec: &QueueSpec, started_at: DateTime<Utc>) -> Self {
        Self {
            uuid: Uuid::new_v4(),
            instance: spec.instance.clone(),
            node: spec.node.clone(),
            queue: spec.queue.clone(),
            limit: spec.limit,
            paused: spec.paused,
            draining: false,
            started_at,
        }
    }

    /// Takes a change.
    pub fn apply(&mut self, change: QueueChange) {
        match change {
            QueueChange::Limit(limit) => self.limit = limit,
            QueueChange::Paused(paused) => self.paused = paused,
            QueueChange::Draining => self.draining = true,
        }
    }

    /// Whether it may be given jobs.
    pub fn is_fetching(&self) -> bool {
        !self.paused && !self.draining
    }
}
