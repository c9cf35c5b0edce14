//! Leadership by a lease, one row for each instance.

use async_trait::async_trait;
use oban_core::{Channel, Lease, Peer, Result};
use rusqlite::{OptionalExtension, named_params};
use serde_json::json;

use crate::{Sqlite, sql, time};

#[async_trait]
impl Peer for Sqlite {
    async fn campaign(&self, lease: &Lease) -> Result<bool> {
        let lease = lease.clone();
        self.write("campaign", move |write| {
            let changed = write.statement(sql::CAMPAIGN)?.execute(named_params! {
                ":name": lease.name,
                ":node": lease.node,
                ":uuid": lease.uuid.to_string(),
                ":now": time::to_text(write.now()),
                ":expires_at": time::to_text(time::after(write.now(), lease.ttl)),
            })?;
            Ok(changed > 0)
        })
        .await
    }

    async fn resign(&self, lease: &Lease) -> Result<()> {
        let lease = lease.clone();
        self.write("resign", move |write| {
            let deleted = write.statement(sql::RESIGN)?.execute(named_params! {
                ":name": lease.name,
                ":uuid": lease.uuid.to_string(),
            })?;
            if deleted > 0 {
                write.notify(Channel::Leader, &json!({ "down": lease.name }))?;
            }
            Ok(())
        })
        .await
    }

    async fn leader(&self, name: &str) -> Result<Option<String>> {
        let name = name.to_owned();
        let now = time::to_text(self.now());
        self.read("leader", move |conn| {
            conn.prepare_cached(sql::LEADER)?
                .query_row(named_params! { ":name": name, ":now": now }, |row| row.get(0))
                .optional()
        })
        .await
    }
}
