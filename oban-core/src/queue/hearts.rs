use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedRwLockReadGuard, RwLock},
    time::timeout,
};

/// Keeps a heartbeat from registering again a producer that has signed off meanwhile.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hearts(Arc<RwLock<()>>);

/// A heartbeat that may still take effect. To be held even when nobody waits for its answer any more.
#[derive(Debug)]
pub(crate) struct Beating(#[expect(dead_code, reason = "held, not read")] OwnedRwLockReadGuard<()>);

/// A stop does not wait long for a store that does not answer.
const SETTLES_WITHIN: Duration = Duration::from_secs(2);

impl Hearts {
    /// Begins a heartbeat, before it is known whose.
    pub(crate) async fn begin(&self) -> Beating {
        Beating(Arc::clone(&self.0).read_owned().await)
    }

    /// Waits for the heartbeats under way, but not long. To be called by a producer whose heart is to stand still, once
    /// no new heartbeat is its own. One that takes effect later all the same leaves a registration that goes
    /// stale by itself.
    pub(crate) async fn settle(&self) {
        let _ = timeout(SETTLES_WITHIN, self.0.write()).await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::Hearts;

    #[tokio::test(start_paused = true)]
    async fn settles_when_no_heartbeat_is_under_way_or_one_takes_too_long() {
        let hearts = Hearts::default();
        assert!(hearts.settle().now_or_never().is_some(), "nothing to wait for");
        let (one, other) = (hearts.begin().await, hearts.begin().await);
        let settled = hearts.settle().shared();
        drop(one);
        assert!(settled.clone().now_or_never().is_none(), "the other is under way");
        drop(other);
        assert!(settled.now_or_never().is_some());
        let _lost = hearts.begin().await;
        hearts.settle().await;
    }
}
