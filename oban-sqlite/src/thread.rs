//! A thread that owns a connection and works through what it is sent.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
};

use oban_core::{Error, ErrorKind, Result};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::error;

/// SQLite blocks and its connections want one user at a time, so each has a thread of its own.
///
/// The thread ends when this is dropped, after what was sent before. Callers may come from any
/// async runtime: they only await a reply.
#[derive(Debug)]
pub(crate) struct ConnectionThread {
    tasks: mpsc::Sender<Task>,
}

type Task = Box<dyn FnOnce(&mut Connection) + Send>;

impl ConnectionThread {
    /// Starts the thread, which first connects.
    pub(crate) async fn spawn(
        name: &str,
        connect: impl FnOnce() -> Result<Connection> + Send + 'static,
    ) -> Result<Self> {
        let (tasks, queue) = mpsc::channel::<Task>();
        let (reply, answer) = oneshot::channel();
        thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || match connect() {
                Ok(mut conn) => {
                    // Fails when the opener has lost interest; then the channel is closed too.
                    let _ = reply.send(Ok(()));
                    work_off(&queue, &mut conn);
                }
                Err(error) => {
                    let _ = reply.send(Err(error));
                }
            })
            .map_err(|error| {
                Error::new(ErrorKind::Unavailable, "open", "no thread can be started").with_source(error)
            })?;
        answer.await.map_err(|_| error::lost("open"))??;
        Ok(Self { tasks })
    }

    /// Runs `task` on the thread. It runs even if the returned future is dropped.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        operation: &'static str,
        task: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let task = Box::new(move |conn: &mut Connection| {
            let _ = reply.send(task(conn));
        });
        self.tasks.send(task).map_err(|_| error::lost(operation))?;
        answer.await.map_err(|_| error::lost(operation))?
    }
}

fn work_off(queue: &mpsc::Receiver<Task>, conn: &mut Connection) {
    while let Ok(task) = queue.recv() {
        // The transaction is rolled back and the reply dropped while the panic unwinds, so the
        // caller gets an error and the connection is as before.
        if catch_unwind(AssertUnwindSafe(|| task(conn))).is_err() {
            tracing::error!("a database task panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ConnectionThread;
    use oban_core::{Error, ErrorKind};
    use rusqlite::Connection;

    fn connect() -> oban_core::Result<Connection> {
        Connection::open_in_memory().map_err(|error| crate::error::from_sqlite("open", error))
    }

    #[tokio::test]
    async fn a_panic_is_an_error_for_its_caller_only() {
        let thread = ConnectionThread::spawn("test", connect).await.unwrap();
        let error = thread.call::<()>("prune_jobs", |_| panic!("on purpose")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(thread.call("prune_jobs", |_| Ok(7)).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn a_failed_connection_is_the_opener_s_error() {
        let refuse = || Err(Error::new(ErrorKind::Store, "open", "no"));
        assert_eq!(ConnectionThread::spawn("test", refuse).await.unwrap_err().kind(), ErrorKind::Store);
    }
}
