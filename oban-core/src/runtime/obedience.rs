//! How this node obeys commands, its own and those of others.

use std::{
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tokio::sync::oneshot;

use super::{echoes::Echoes, node::Node, queues::Handle, scope::Scope};
use crate::{
    Channel, Error, ErrorKind, Notifier, QueueChange, Result,
    notifier::{EVERY_QUEUE, Signal},
    queue::Command,
};

/// Others are told soon or not at all: whoever gives a command waits for it.
const TELL_WITHIN: Duration = Duration::from_secs(10);

impl Node {
    /// Who a node of this instance is in a signal.
    pub(super) fn ident(&self, node: &str) -> String {
        format!("{}.{node}", self.settings.name)
    }

    /// Obeys a command of its own if it is one of those it is for, then tells the others.
    pub(super) async fn command(
        self: &Arc<Self>,
        operation: &'static str,
        signal: Signal,
        scope: Scope<'_>,
    ) -> Result<()> {
        let is_ours = scope.includes(&self.settings.node);
        let payload = match scope {
            Scope::Local => None,
            Scope::All => Some(signal.payload("any", None)),
            Scope::Node(node) => Some(signal.payload(&self.ident(node), Some(node))),
        };
        if is_ours {
            if let Some(payload) = &payload {
                self.echoes().expect(payload, &signal);
            }
            self.obey(operation, &signal, scope == Scope::Local).await?;
        }
        match payload {
            Some(payload) => self.tell(operation, payload).await,
            None => Ok(()),
        }
    }

    /// Obeys a command that was heard, in the background.
    pub(super) fn hear(self: &Arc<Self>, payload: &Value, signal: Signal) {
        if !self.echoes().admits(payload, &signal) {
            return;
        }
        match signal {
            Signal::Kill { job } => self.queues.cancel(&[job]),
            Signal::Start { queue, options } => {
                let node = Arc::clone(self);
                self.supervisor.spawn(async move {
                    if !node.queues.has(&queue)
                        && let Err(error) = node.start_queue(&queue, options).await
                    {
                        tracing::warn!(%error, queue, "could not start a queue as another node said");
                    }
                });
            }
            Signal::Stop { queue } => {
                if let Some(handle) = self.queues.find(&queue) {
                    handle.shutdown.cancel();
                }
            }
            Signal::Pause { .. } | Signal::Resume { .. } | Signal::Scale { .. } => {
                // Each queue obeys in the order of its commands; nobody waits for it.
                self.change(&signal);
            }
        }
    }

    /// What it has said to all and not heard yet.
    pub(super) fn echoes(&self) -> MutexGuard<'_, Echoes> {
        self.echoes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when it is done. Only a command for this node alone has to make sense here.
    async fn obey(self: &Arc<Self>, operation: &'static str, signal: &Signal, is_strict: bool) -> Result<()> {
        if is_strict
            && let Some(queue) = signal.queue()
            && queue != EVERY_QUEUE
            && !matches!(signal, Signal::Start { .. })
        {
            self.queues.get(operation, queue)?;
        }
        match signal {
            Signal::Kill { job } => self.queues.cancel(&[*job]),
            Signal::Start { queue, .. } if !is_strict && self.queues.has(queue) => {}
            Signal::Start { queue, options } => {
                let started = self.start_queue(queue, *options).await;
                // Somebody else may have been faster.
                started.or_else(
                    |error| if !is_strict && self.queues.has(queue) { Ok(()) } else { Err(error) },
                )?;
            }
            Signal::Stop { queue } => {
                if let Some(handle) = self.queues.find(queue) {
                    handle.shutdown.cancel();
                    handle.stopped.cancelled().await;
                }
            }
            Signal::Pause { .. } | Signal::Resume { .. } | Signal::Scale { .. } => {
                for answer in self.change(signal) {
                    // A queue that has stopped meanwhile needs no setting.
                    let _ = answer.await;
                }
            }
        }
        Ok(())
    }

    /// Tells the queues meant of a new setting.
    fn change(&self, signal: &Signal) -> Vec<oneshot::Receiver<()>> {
        let (queue, change) = match signal {
            Signal::Pause { queue } => (queue, QueueChange::Paused(true)),
            Signal::Resume { queue } => (queue, QueueChange::Paused(false)),
            Signal::Scale { queue, limit } => (queue, QueueChange::Limit(*limit)),
            Signal::Start { .. } | Signal::Stop { .. } | Signal::Kill { .. } => return Vec::new(),
        };
        let tell = |handle: Handle| {
            let (reply, answer) = oneshot::channel();
            handle.commands.send(Command::Change(change, reply)).is_ok().then_some(answer)
        };
        if queue == EVERY_QUEUE {
            return self.queues.all().into_iter().filter_map(|(_, handle)| tell(handle)).collect();
        }
        self.queues.find(queue).and_then(tell).into_iter().collect()
    }

    async fn tell(&self, operation: &'static str, payload: Value) -> Result<()> {
        let telling =
            tokio::time::timeout(TELL_WITHIN, self.engine.notify(Channel::Signal, &[payload])).await;
        let late = || Error::new(ErrorKind::Unavailable, operation, "the store does not answer");
        telling.unwrap_or_else(|_| Err(late())).map_err(|error| {
            let message = "other nodes could not be told; this one has obeyed, if it was meant";
            Error::new(error.kind(), operation, message).with_source(error)
        })
    }
}
