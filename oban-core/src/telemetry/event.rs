use std::time::Duration;

use super::{EngineEvent, JobEvent, PeerEvent, QueueEvent, ServiceEvent};
use crate::SonarStatus;

/// Something that happened in an instance.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// To a job that this node runs.
    Job(JobEvent),
    /// To a queue of this node.
    Queue(QueueEvent),
    /// A call to the engine.
    Engine(EngineEvent),
    /// In the election of the leader.
    Peer(PeerEvent),
    /// In a service.
    Service(ServiceEvent),
    /// To the notifications.
    Notifier(NotifierEvent),
    /// To the node itself.
    Node(NodeEvent),
}

/// What events are about, to choose among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Topic {
    /// [`Event::Job`].
    Job,
    /// [`Event::Queue`].
    Queue,
    /// [`Event::Engine`].
    Engine,
    /// [`Event::Peer`].
    Peer,
    /// [`Event::Service`].
    Service,
    /// [`Event::Notifier`].
    Notifier,
    /// [`Event::Node`].
    Node,
}

/// Something that happened to the notifications.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotifierEvent {
    /// What the node knows of its notifications has changed.
    Switched {
        /// What it knew.
        before: SonarStatus,
        /// What it knows now.
        after: SonarStatus,
    },
}

/// Something that happened to the node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeEvent {
    /// It has started.
    Started {
        /// Its queues, sorted.
        queues: Vec<String>,
        /// The workers it knows by their stored names, sorted.
        workers: Vec<&'static str>,
    },
    /// It has stopped. The last event of its queues; inserts still make engine events.
    Stopped {
        /// Since it was asked to.
        elapsed: Duration,
    },
}

impl Event {
    /// A name such as `job.failed`: the topic, then what happened.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Job(event) => event.name(),
            Self::Queue(event) => event.name(),
            Self::Engine(event) => event.name(),
            Self::Peer(event) => event.name(),
            Self::Service(event) => event.name(),
            Self::Notifier(NotifierEvent::Switched { .. }) => "notifier.switched",
            Self::Node(NodeEvent::Started { .. }) => "node.started",
            Self::Node(NodeEvent::Stopped { .. }) => "node.stopped",
        }
    }

    /// What it is about.
    pub fn topic(&self) -> Topic {
        match self {
            Self::Job(_) => Topic::Job,
            Self::Queue(_) => Topic::Queue,
            Self::Engine(_) => Topic::Engine,
            Self::Peer(_) => Topic::Peer,
            Self::Service(_) => Topic::Service,
            Self::Notifier(_) => Topic::Notifier,
            Self::Node(_) => Topic::Node,
        }
    }
}
