//! The store of jobs: its contract, the requests it takes, and the wrapper every call goes through.

mod ack;
mod conn;
mod contract;
mod inspect;
mod migrate;
mod queue;
mod relayed;
mod request;
mod traced;

pub use ack::Ack;
pub use ack::Finish;
pub use conn::Conn;
pub use contract::Capabilities;
pub use contract::Engine;
pub use contract::Inserted;
pub use inspect::Inspect;
pub use inspect::JobCount;
pub use migrate::Migrate;
pub use queue::QueueChange;
pub use queue::QueueMeta;
pub use queue::QueueSpec;
pub(crate) use relayed::Relayed;
pub(crate) use relayed::SharedNotifier;
pub use request::Fetch;
pub use request::Fetched;
pub use request::Prune;
pub use request::Reclaimed;
pub use request::Reindex;
pub use request::Reindexed;
pub use request::Rescue;
pub use request::Stage;
pub use request::Staged;
pub use request::Touched;
pub(crate) use traced::Traced;
