//! Control of this node's queues.

use tokio::sync::oneshot;

use super::Oban;
use crate::{
    Error, ErrorKind, QueueChange, Result,
    queue::{Command, QueueInfo, QueueOptions},
};

impl Oban {
    /// Starts a queue on this node.
    ///
    /// # Errors
    /// `Invalid` when the queue runs already or its options make no sense; `Stopped` after a stop.
    pub async fn start_queue(&self, queue: &str, options: impl Into<QueueOptions>) -> Result<()> {
        self.node.start_queue(queue, options.into()).await
    }

    /// Stops a queue on this node and waits for it, as [`stop`](Oban::stop) does for all. A worker of that queue must
    /// not await it: it would wait for itself.
    ///
    /// # Errors
    /// `NotFound` when it does not run here.
    pub async fn stop_queue(&self, queue: &str) -> Result<()> {
        let handle = self.node.queues.get("stop_queue", queue)?;
        handle.shutdown.cancel();
        handle.stopped.cancelled().await;
        Ok(())
    }

    /// Lets a queue of this node fetch no more jobs until it is [resumed](Oban::resume_queue). Running ones go on.
    /// Returns when that holds.
    ///
    /// # Errors
    /// `NotFound` when it does not run here.
    pub async fn pause_queue(&self, queue: &str) -> Result<()> {
        self.change("pause_queue", queue, QueueChange::Paused(true)).await
    }

    /// Lets a paused queue of this node fetch again.
    ///
    /// # Errors
    /// `NotFound` when it does not run here.
    pub async fn resume_queue(&self, queue: &str) -> Result<()> {
        self.change("resume_queue", queue, QueueChange::Paused(false)).await
    }

    /// Lets a queue of this node run so many jobs at once. Running ones go on, also beyond a lower limit.
    ///
    /// # Errors
    /// `NotFound` when it does not run here; `Invalid` for a limit of 0.
    pub async fn scale_queue(&self, queue: &str, limit: usize) -> Result<()> {
        QueueOptions::limit(limit).validate("scale_queue", queue)?;
        self.change("scale_queue", queue, QueueChange::Limit(limit)).await
    }

    /// A queue of this node as it is now.
    ///
    /// # Errors
    /// `NotFound` when it does not run here.
    pub async fn check_queue(&self, queue: &str) -> Result<QueueInfo> {
        let handle = self.node.queues.get("check_queue", queue)?;
        let (reply, answer) = oneshot::channel();
        handle.commands.send(Command::Check(reply)).map_err(|_| gone("check_queue", queue))?;
        answer.await.map_err(|_| gone("check_queue", queue))
    }

    /// All queues of this node as they are now, sorted by name.
    ///
    /// # Errors
    /// None so far.
    pub async fn check_queues(&self) -> Result<Vec<QueueInfo>> {
        let mut infos = Vec::new();
        for queue in self.node.queues.names() {
            match self.check_queue(&queue).await {
                Ok(info) => infos.push(info),
                // Stopped since its name was read.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(infos)
    }

    /// Returns when the queue has taken the change.
    async fn change(&self, operation: &'static str, queue: &str, change: QueueChange) -> Result<()> {
        let handle = self.node.queues.get(operation, queue)?;
        let (reply, answer) = oneshot::channel();
        handle.commands.send(Command::Change(change, reply)).map_err(|_| gone(operation, queue))?;
        answer.await.map_err(|_| gone(operation, queue))
    }
}

/// The queue was there a moment ago.
fn gone(operation: &'static str, queue: &str) -> Error {
    Error::new(ErrorKind::NotFound, operation, format!("queue {queue:?} has just stopped on this node"))
}
