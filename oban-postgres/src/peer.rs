use async_trait::async_trait;
use oban_core::{Channel, Lease, Peer, Result};
use sqlx::Row;
use uuid::Uuid;

use crate::{Postgres, bind::micros, row};

#[async_trait]
impl Peer for Postgres {
    async fn campaign(&self, lease: &Lease) -> Result<bool> {
        let statement = self
            .query(&self.sql.campaign)
            .bind(self.now())
            .bind(lease.name.clone())
            .bind(holder(lease))
            .bind(micros(lease.ttl));
        Ok(!self.own.fetch_all("campaign", statement).await?.is_empty())
    }

    async fn resign(&self, lease: &Lease) -> Result<()> {
        let statement = self
            .query(&self.sql.resign)
            .bind(lease.name.clone())
            .bind(holder(lease))
            .bind(self.prefix.channel(Channel::Leader));
        self.own.fetch_all("resign", statement).await?;
        Ok(())
    }

    async fn leader(&self, name: &str) -> Result<Option<String>> {
        const OPERATION: &str = "leader";
        let statement = self.query(&self.sql.leader).bind(self.now()).bind(name.to_owned());
        let rows = self.own.fetch_all(OPERATION, statement).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let holder: String = row.try_get("node").map_err(row::unexpected(OPERATION))?;
        Ok(Some(node(&holder).to_owned()))
    }
}

/// What stands in the lease's column `node`: two processes may share a node's name, but not this.
fn holder(lease: &Lease) -> String {
    format!("{}/{}", lease.node, lease.uuid)
}

/// The node of a holder. Nodes of Elixir write their bare name.
fn node(holder: &str) -> &str {
    match holder.rsplit_once('/') {
        Some((node, uuid)) if Uuid::try_parse(uuid).is_ok() => node,
        _ => holder,
    }
}

#[cfg(test)]
mod tests {
    use super::node;

    #[test]
    fn tells_the_node_from_its_process() {
        assert_eq!(node("web/1/b9d33187-dc53-4ad9-a75f-8bb26812909f"), "web/1");
        assert_eq!(node("web/1"), "web/1");
        assert_eq!(node("web.1"), "web.1");
    }
}
