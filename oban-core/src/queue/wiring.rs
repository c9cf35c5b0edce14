use std::{sync::Arc, time::Duration};

use tokio::sync::{Notify, mpsc, oneshot, watch};

use super::{QueueInfo, hearts::Hearts};
use crate::{JobId, QueueChange, QueueMeta, service::Sounding};

/// How a producer is reached, and how it behaves.
#[derive(Debug)]
pub(crate) struct Wiring {
    pub(crate) commands: mpsc::UnboundedReceiver<Command>,
    pub(crate) wake: Arc<Notify>,
    /// As it is registered; none from when it signs off.
    pub(crate) meta: watch::Sender<Option<QueueMeta>>,
    pub(crate) hearts: Hearts,
    /// Whether other nodes are heard.
    pub(crate) sounding: watch::Receiver<Sounding>,
    pub(crate) blocking: bool,
    pub(crate) read_ahead: bool,
    pub(crate) cancel_grace: Duration,
    pub(crate) shutdown_grace: Duration,
    /// How often to look for rows that execute in our name without our knowledge.
    pub(crate) audit_interval: Duration,
}

/// What this node asks of a producer.
#[derive(Debug)]
pub(crate) enum Command {
    /// Stop these jobs: they were cancelled.
    Cancel(Vec<JobId>),
    /// Take a new setting, and answer when it counts.
    Change(QueueChange, oneshot::Sender<()>),
    /// Say how you are.
    Check(oneshot::Sender<QueueInfo>),
}
