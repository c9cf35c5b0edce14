use std::{future::Future, panic::AssertUnwindSafe, time::Duration};

use async_trait::async_trait;
use futures_util::FutureExt;
use tokio::{runtime::Handle, task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

use super::plumbing;
use crate::{
    Error, ErrorKind, Result, backoff,
    telemetry::{Event, ServiceEvent, Telemetry},
};

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
    telemetry: Telemetry,
}

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

impl Supervisor {
    /// To be made on the application's runtime.
    pub(crate) fn new(telemetry: Telemetry) -> Self {
        Self { plumbing: plumbing::handle(), telemetry }
    }

    /// Keeps a service running until `shutdown`, and longer if it has things to finish.
    pub(crate) fn supervise(
        &self,
        mut service: Box<dyn Service>,
        shutdown: CancellationToken,
    ) -> JoinHandle<()> {
        let telemetry = self.telemetry.clone();
        let supervised = async move {
            let mut failures = 0;
            loop {
                let began = Instant::now();
                let error = match AssertUnwindSafe(service.run(&shutdown)).catch_unwind().await {
                    Ok(Ok(())) => return,
                    Ok(Err(error)) => {
                        tracing::error!(%error, "{} failed; starting it again", service.name());
                        Some(error.to_string())
                    }
                    Err(_) => {
                        tracing::error!("{} panicked; starting it again", service.name());
                        None
                    }
                };
                telemetry.emit(|| Event::Service(ServiceEvent::Crashed { service: service.name(), error }));
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

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
    use tokio_util::sync::CancellationToken;

    use super::{Service, Supervisor};
    use crate::{Error, ErrorKind, Result, telemetry::Telemetry};

    /// Panics, fails, then runs; tells how often it was run.
    struct Unsteady {
        runs: u32,
        told: UnboundedSender<u32>,
    }

    #[async_trait]
    impl Service for Unsteady {
        fn name(&self) -> String {
            "unsteady".to_owned()
        }

        async fn run(&mut self, shutdown: &CancellationToken) -> Result<()> {
            self.runs += 1;
            self.told.send(self.runs).unwrap();
            match self.runs {
                1 => panic!("the first run"),
                2 => Err(Error::new(ErrorKind::Store, "run", "the second run")),
                _ => {
                    shutdown.cancelled().await;
                    Ok(())
                }
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_panics_or_fails_runs_again_with_what_it_gathered() {
        let (told, mut runs) = unbounded_channel();
        let shutdown = CancellationToken::new();
        let supervised = Supervisor::new(Telemetry::default())
            .supervise(Box::new(Unsteady { runs: 0, told }), shutdown.clone());
        for expected in 1..=3 {
            assert_eq!(runs.recv().await, Some(expected));
        }
        shutdown.cancel();
        supervised.await.unwrap();
        assert_eq!(runs.recv().await, None, "one that stopped as told is not run again");
    }
}
