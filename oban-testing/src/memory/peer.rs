use async_trait::async_trait;
use chrono::{DateTime, Utc};
use oban_core::{Channel, Lease, Peer, Result};
use serde_json::json;
use uuid::Uuid;

use super::{Memory, store::after};

/// A lease that was taken.
pub(super) struct Held {
    node: String,
    uuid: Uuid,
    expires_at: DateTime<Utc>,
}

#[async_trait]
impl Peer for Memory {
    async fn campaign(&self, lease: &Lease) -> Result<bool> {
        Ok(self.transaction(|store, now| {
            let is_taken = |held: &Held| held.expires_at > now && held.uuid != lease.uuid;
            if store.leases.get(&lease.name).is_some_and(is_taken) {
                return false;
            }
            let expires_at = after(now, lease.ttl);
            let held = Held { node: lease.node.clone(), uuid: lease.uuid, expires_at };
            store.leases.insert(lease.name.clone(), held);
            true
        }))
    }

    async fn resign(&self, lease: &Lease) -> Result<()> {
        let resigned = self.transaction(|store, _| {
            let is_own = store.leases.get(&lease.name).is_some_and(|held| held.uuid == lease.uuid);
            is_own && store.leases.remove(&lease.name).is_some()
        });
        if resigned {
            self.publish(Channel::Leader, json!({ "down": lease.name }));
        }
        Ok(())
    }

    async fn leader(&self, name: &str) -> Result<Option<String>> {
        Ok(self.transaction(|store, now| {
            let held = store.leases.get(name).filter(|held| held.expires_at > now)?;
            Some(held.node.clone())
        }))
    }
}
