use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use crate::Result;

/// Elects one node of an instance by a lease in the store.
///
/// Leadership makes work rarer, never correct: two leaders, or none, do no harm.
#[async_trait]
pub trait Peer {
    /// Takes the lease if it is free or has expired, or extends it if it is this candidate's.
    /// Returns whether the candidate leads now. Expiry is judged by the store's clock.
    async fn campaign(&self, lease: &Lease) -> Result<bool>;

    /// Gives the lease back, if it is this candidate's, and announces that on
    /// [`Channel::Leader`](crate::Channel::Leader), in one transaction.
    async fn resign(&self, lease: &Lease) -> Result<()>;

    /// The node that leads the instance called `name`; `None` when there is none or its lease has expired.
    async fn leader(&self, name: &str) -> Result<Option<String>>;
}

/// A candidate for leadership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The instance, e.g. `Oban`. Instances elect separately.
    pub name: String,
    /// The node. Two processes may share a name by mistake, so it does not identify the candidate.
    pub node: String,
    /// Identifies the candidate.
    pub uuid: Uuid,
    /// How long the lease holds without being extended.
    pub ttl: Duration,
}
