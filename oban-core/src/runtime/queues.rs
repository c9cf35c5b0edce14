use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    Error, ErrorKind, JobId, QueueMeta, Result,
    queue::{Command, QueueInfo},
};

/// The queues that run on this node.
#[derive(Debug, Default)]
pub(crate) struct Queues(Mutex<BTreeMap<String, Handle>>);

/// How one of them is reached.
#[derive(Clone, Debug)]
pub(crate) struct Handle {
    pub(super) commands: mpsc::UnboundedSender<Command>,
    pub(super) wake: Arc<Notify>,
    /// As it is registered; none from when it signs off.
    pub(super) meta: watch::Receiver<Option<QueueMeta>>,
    pub(super) shutdown: CancellationToken,
    /// Fires when the queue has stopped.
    pub(super) stopped: CancellationToken,
}

impl Queues {
    pub(crate) fn names(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    /// The registrations to keep alive.
    pub(crate) fn metas(&self) -> Vec<QueueMeta> {
        self.lock().values().filter_map(|queue| queue.meta.borrow().clone()).collect()
    }

    /// All of them as they are now, sorted by name. One that stops meanwhile is left out.
    pub(crate) async fn check(&self) -> Result<Vec<QueueInfo>> {
        let ask = |(_, queue): (String, Handle)| {
            let (reply, answer) = oneshot::channel();
            queue.commands.send(Command::Check(reply)).ok().map(|()| answer)
        };
        let answers: Vec<_> = self.all().into_iter().filter_map(ask).collect();
        let mut infos = Vec::with_capacity(answers.len());
        for answer in answers {
            infos.extend(answer.await);
        }
        Ok(infos)
    }

    /// Tells queues that there is work.
    pub(crate) fn wake(&self, names: &[String]) {
        let queues = self.lock();
        for queue in names.iter().filter_map(|name| queues.get(name)) {
            queue.wake.notify_one();
        }
    }

    /// Stops the runs of cancelled jobs, wherever they are.
    pub(super) fn cancel(&self, ids: &[JobId]) {
        for queue in self.lock().values() {
            // One that has just stopped runs nothing.
            let _ = queue.commands.send(Command::Cancel(ids.to_vec()));
        }
    }

    pub(super) fn add(&self, name: &str, queue: Handle) {
        self.lock().insert(name.to_owned(), queue);
    }

    pub(super) fn remove(&self, name: &str) {
        self.lock().remove(name);
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.lock().contains_key(name)
    }

    pub(super) fn all(&self) -> Vec<(String, Handle)> {
        self.lock().iter().map(|(name, queue)| (name.clone(), queue.clone())).collect()
    }

    pub(super) fn find(&self, name: &str) -> Option<Handle> {
        self.lock().get(name).cloned()
    }

    pub(super) fn get(&self, operation: &'static str, name: &str) -> Result<Handle> {
        let queues = self.lock();
        queues.get(name).cloned().ok_or_else(|| {
            let running: Vec<_> = queues.keys().map(String::as_str).collect();
            Error::new(ErrorKind::NotFound, operation, format!("queue {name:?} does not run on this node"))
                .with_context("running", format!("[{}]", running.join(", ")))
        })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Handle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
