//! Control of queues, here and on other nodes.

use tokio::sync::oneshot;

use super::{
    Oban,
    scope::{Scope, Target},
};
use crate::{
    Error, ErrorKind, Result,
    notifier::{EVERY_QUEUE, Signal},
    queue::{Command, QueueInfo, QueueOptions},
};

/// Commands to queues. Each is for all nodes unless its [`Target`] says otherwise.
///
/// This node obeys before the call returns, also while no notification arrives. Others are told by a notification: a node
/// that does not run the queue ignores it, and one that does not hear it goes on as before. Settings last until the queue
/// or its node is started again.
impl Oban {
    /// Starts a queue, with a limit or with [`QueueOptions`]. Nodes without any queue do not hear it, but this node obeys
    /// it. Where the queue runs already nothing changes.
    ///
    /// # Errors
    /// `Invalid` when the options make no sense, when other nodes are to start a `blocking()` queue or one
    /// `without_read_ahead()`, which cannot be said to them, or when the queue runs already and the scope is `Local`;
    /// `Stopped` after a stop; those of telling others.
    pub async fn start_queue<'a>(
        &self,
        target: impl Into<Target<'a>>,
        options: impl Into<QueueOptions>,
    ) -> Result<()> {
        const OPERATION: &str = "start_queue";
        let (target, options) = (target.into(), options.into());
        target.validate(OPERATION)?;
        options.validate(OPERATION, target.queue)?;
        let untold = match options {
            QueueOptions { blocking: true, .. } => Some("blocking()"),
            QueueOptions { read_ahead: false, .. } => Some("without_read_ahead()"),
            _ => None,
        };
        if let Some(option) = untold.filter(|_| target.scope != Scope::Local) {
            let problem = format!(
                "queue {:?} is {option}, which other nodes cannot be told; start it with Scope::Local on each of them",
                target.queue
            );
            return Err(Error::invalid(OPERATION, problem));
        }
        let queue = target.queue.to_owned();
        self.node.command(OPERATION, Signal::Start { queue, options }, target.scope).await
    }

    /// Stops a queue and waits for that on this node, as [`stop`](Oban::stop) does for all. A worker of that queue must
    /// not await it: it would wait for itself.
    ///
    /// # Errors
    /// `NotFound` when it does not run here and the scope is `Local`; those of telling others.
    pub async fn stop_queue<'a>(&self, target: impl Into<Target<'a>>) -> Result<()> {
        self.order("stop_queue", target.into(), |queue| Signal::Stop { queue }).await
    }

    /// Lets a queue fetch no more jobs until it is [resumed](Oban::resume_queue). Running ones go on. Returns when that
    /// holds on this node.
    ///
    /// # Errors
    /// `NotFound` when it does not run here and the scope is `Local`; those of telling others.
    pub async fn pause_queue<'a>(&self, target: impl Into<Target<'a>>) -> Result<()> {
        self.order("pause_queue", target.into(), |queue| Signal::Pause { queue }).await
    }

    /// Lets a paused queue fetch again.
    ///
    /// # Errors
    /// `NotFound` when it does not run here and the scope is `Local`; those of telling others.
    pub async fn resume_queue<'a>(&self, target: impl Into<Target<'a>>) -> Result<()> {
        self.order("resume_queue", target.into(), |queue| Signal::Resume { queue }).await
    }

    /// Pauses every queue of these nodes. Queues started later are not paused.
    ///
    /// # Errors
    /// Those of telling others.
    pub async fn pause_all_queues(&self, scope: Scope<'_>) -> Result<()> {
        scope.validate("pause_all_queues")?;
        let signal = Signal::Pause { queue: EVERY_QUEUE.to_owned() };
        self.node.command("pause_all_queues", signal, scope).await
    }

    /// Resumes every queue of these nodes.
    ///
    /// # Errors
    /// Those of telling others.
    pub async fn resume_all_queues(&self, scope: Scope<'_>) -> Result<()> {
        scope.validate("resume_all_queues")?;
        let signal = Signal::Resume { queue: EVERY_QUEUE.to_owned() };
        self.node.command("resume_all_queues", signal, scope).await
    }

    /// Lets a queue run so many jobs at once on each of these nodes. Running ones go on, also beyond a lower limit.
    ///
    /// # Errors
    /// `Invalid` for a limit of 0; `NotFound` when it does not run here and the scope is `Local`; those of telling others.
    pub async fn scale_queue<'a>(&self, target: impl Into<Target<'a>>, limit: usize) -> Result<()> {
        let target = target.into();
        QueueOptions::limit(limit).validate("scale_queue", target.queue)?;
        self.order("scale_queue", target, |queue| Signal::Scale { queue, limit }).await
    }

    /// A queue of this node as it is now.
    ///
    /// # Errors
    /// `NotFound` when it does not run here.
    pub async fn check_queue(&self, queue: &str) -> Result<QueueInfo> {
        let handle = self.node.queues.get("check_queue", queue)?;
        let (reply, answer) = oneshot::channel();
        handle.commands.send(Command::Check(reply)).map_err(|_| gone(queue))?;
        answer.await.map_err(|_| gone(queue))
    }

    /// All queues of this node as they are now, sorted by name.
    ///
    /// # Errors
    /// None so far.
    pub async fn check_all_queues(&self) -> Result<Vec<QueueInfo>> {
        self.node.queues.check().await
    }

    async fn order(
        &self,
        operation: &'static str,
        target: Target<'_>,
        signal: impl FnOnce(String) -> Signal,
    ) -> Result<()> {
        target.validate(operation)?;
        self.node.command(operation, signal(target.queue.to_owned()), target.scope).await
    }
}

/// The queue was there a moment ago.
fn gone(queue: &str) -> Error {
    Error::new(ErrorKind::NotFound, "check_queue", format!("queue {queue:?} has just stopped on this node"))
}
