use std::time::Duration;

/// Something that happened in the election of the leader.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeerEvent {
    /// This node campaigned, as it does several times in each lease. When the store did not answer, it takes itself for
    /// beaten.
    Campaigned {
        /// Whether it leads now.
        leads: bool,
        /// Whether it led before.
        led: bool,
        /// How long the campaign took.
        duration: Duration,
    },
    /// This node gave up its leadership, because it stops.
    Resigned,
}

impl PeerEvent {
    /// A name such as `peer.campaigned`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Campaigned { .. } => "peer.campaigned",
            Self::Resigned => "peer.resigned",
        }
    }

    /// Whether leadership changed.
    pub fn is_change(&self) -> bool {
        match self {
            Self::Campaigned { leads, led, .. } => leads != led,
            Self::Resigned => true,
        }
    }
}
