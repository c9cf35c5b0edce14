use std::{future::Future, panic::AssertUnwindSafe, time::Duration};

use async_trait::async_trait;
use futures_util::FutureExt;
use tokio::{runtime::Handle, task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

use super::plumbing;
use crate::{Error, ErrorKind, Result, backoff};

/// A loop that runs until it is told to stop.
#[async_trait]
pub(crate) trait Service: Send + 'static {
    /// For the log.
    fn name(&self) -> String;

    /// Runs until `shutdown`. After an error or a panic it is run again, with whatever state it has, so that nothing
    /// it gathered is lost.
    async fn run(&mut self, shutdown: &CancellationToken) -> Result<()>;
}

/// Spawns every background task of an instance.
#[derive(Clone, Debug)]
pub(crate) struct Supervisor {
    plumbing: Handle,
}

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

impl Supervisor {
    /// To be made on the application's runtime.
    pub(crate) fn new() -> Self {
        Self { plumbing: plumbing::handle() }
    }

    /// Keeps a service running until `shutdown`, and longer if it has things to finish.
    pub(crate) fn supervise(
        &self,
        mut service: Box<dyn Service>,
        shutdown: CancellationToken,
    ) -> JoinHandle<()> {
        let supervised = async move {
            let mut failures = 0;
            loop {
                let began = Instant::now();
                match AssertUnwindSafe(service.run(&shutdown)).catch_unwind().await {
                    Ok(Ok(())) => return,
                    Ok(Err(error)) => tracing::error!(%error, "{} failed; starting it again", service.name()),
                    Err(_) => tracing::error!("{} panicked; starting it again", service.name()),
                }
                // One that ran well for long starts afresh.
                failures = if began.elapsed() > LONGEST_WAIT { 0 } else { failures + 1 };
                tokio::time::sleep(backoff::exponential(failures, FIRST_WAIT, LONGEST_WAIT)).await;
            }
        };
        self.plumbing.spawn(supervised)
    }

    /// Runs something where the services live, because what it opens is to live there too.
    ///
    /// # Errors
    /// What it returns; `Stopped` when the runtime is shutting down.
    pub(crate) async fn run<T>(&self, task: impl Future<Output = Result<T>> + Send + 'static) -> Result<T>
    where
        T: Send + 'static,
    {
        let stopped = |error| Error::new(ErrorKind::Stopped, "run", "the task was ended").with_source(error);
        self.plumbing.spawn(task).await.map_err(stopped)?
    }

    /// Runs something in the background that ends by itself.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.plumbing.spawn(task);
    }
}
