//! What other nodes tell this one to do.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Service, node::Node};
use crate::{
    Channel, Notice, Notifier, Result, Subscription,
    notifier::{Malformed, Signal, is_for},
};

/// Hears commands and has this node obey them.
pub(super) struct Signals {
    node: Arc<Node>,
    ident: String,
    notices: Subscription,
    /// Commands that nobody could obey.
    malformed: u64,
}

impl Signals {
    pub(super) fn new(node: Arc<Node>) -> Self {
        let (ident, notices) = (node.ident(&node.settings.node), node.engine.listen(&[Channel::Signal]));
        Self { node, ident, notices, malformed: 0 }
    }

    fn hear(&mut self, payload: &Value) {
        if !is_for(payload, &self.ident) {
            return;
        }
        match Signal::parse(payload) {
            Ok(Some(signal)) => self.node.hear(payload, signal),
            Ok(None) => {}
            Err(Malformed(why)) => {
                self.malformed += 1;
                tracing::debug!(%payload, why, malformed = self.malformed, "dropped a command");
            }
        }
    }
}

#[async_trait]
impl Service for Signals {
    fn name(&self) -> String {
        "signals".to_owned()
    }

    async fn run(&mut self, shutdown: &CancellationToken) -> Result<()> {
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ok(()),
                notice = self.notices.next() => match notice {
                    Some(Notice::Hint { payload, .. }) => self.hear(&payload),
                    Some(Notice::Missed) => self.node.echoes().forget(),
                    None => return Ok(()),
                }
            }
        }
    }
}
