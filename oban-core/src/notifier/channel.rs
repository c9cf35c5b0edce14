use std::fmt;

/// What a notification is about. The names are Oban's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Channel {
    /// `{"queue": "…"}`: that queue has available jobs.
    Insert,
    /// `{"down": "…"}`: the leader of that instance has resigned.
    Leader,
    /// `{"action": "pause", "queue": "…", "ident": "any"}` and other commands to nodes and their queues, and
    /// `{"action": "pkill", "job_id": 1}`: that job was cancelled while it ran.
    Signal,
    /// `{"checks": […]}`: what a node's queues do, for dashboards.
    Gossip,
    /// `{"node": "…", "ping": true}`: that node hears and speaks.
    Sonar,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 5] = [Self::Insert, Self::Leader, Self::Signal, Self::Gossip, Self::Sonar];

    /// The name on the wire, without a prefix.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Leader => "leader",
            Self::Signal => "signal",
            Self::Gossip => "gossip",
            Self::Sonar => "sonar",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}
