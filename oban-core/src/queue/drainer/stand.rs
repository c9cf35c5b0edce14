//! A drainer's place among the producers of its queue.

use std::{future::Future, sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;
use tokio::{sync::Mutex, task::JoinHandle, time::timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    Channel, Engine, Error, Notifier, QueueMeta, QueueSpec, Result,
    engine::Traced,
    runtime::{Service, Supervisor},
};

/// Registered with the store, and given up when it is left or dropped.
pub(super) struct Stand {
    engine: Traced,
    supervisor: Supervisor,
    meta: QueueMeta,
    /// Held by each call, so that the place is given up after the last one: a fetch goes on when its caller is gone.
    turn: Arc<Mutex<()>>,
    /// A fetch went unanswered and may take effect later.
    in_doubt: bool,
    heart: Option<Heart>,
}

struct Heart {
    stop: DropGuard,
    task: JoinHandle<()>,
}

struct Beat {
    engine: Traced,
    meta: QueueMeta,
    interval: Duration,
}

impl Stand {
    pub(super) async fn take(
        engine: Traced,
        supervisor: Supervisor,
        spec: QueueSpec,
        heartbeat: Duration,
    ) -> Result<Self> {
        let registering = engine.clone();
        let meta = supervisor.run(async move { registering.init_queue(&spec).await }).await?;
        let stop = CancellationToken::new();
        let beat = Beat { engine: engine.clone(), meta: meta.clone(), interval: heartbeat };
        let task = supervisor.supervise(Box::new(beat), stop.clone());
        let heart = Some(Heart { stop: stop.drop_guard(), task });
        Ok(Self { engine, supervisor, meta, turn: Arc::default(), in_doubt: false, heart })
    }

    /// When it was taken, by the store's clock.
    pub(super) fn since(&self) -> DateTime<Utc> {
        self.meta.started_at
    }

    /// Calls the store where the services live: connections opened by it are to live there too.
    pub(super) async fn call<T, F>(&self, call: impl FnOnce(Traced, QueueMeta) -> F) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let call = call(self.engine.clone(), self.meta.clone());
        self.supervisor
            .run(async move {
                let _turn = turn;
                call.await
            })
            .await
    }

    /// Takes note of a fetch that failed.
    pub(super) fn doubt(&mut self, error: &Error) {
        self.in_doubt |= error.is_transient();
    }

    /// Gives it up, and with it the jobs that were fetched and have not run.
    pub(super) async fn leave(&mut self) {
        if let Some(leaving) = self.leaving() {
            let leaving = async move {
                leaving.await;
                Ok(())
            };
            if let Err(error) = self.supervisor.run(leaving).await {
                tracing::debug!(%error, "the runtime ended before the drain did");
            }
        }
    }

    fn leaving(&mut self) -> Option<impl Future<Output = ()> + Send + use<>> {
        let Heart { stop, task } = self.heart.take()?;
        let (engine, meta, turn, in_doubt) =
            (self.engine.clone(), self.meta.clone(), Arc::clone(&self.turn), self.in_doubt);
        Some(async move {
            let _turn = turn.lock_owned().await;
            // A beat after the goodbye would register it again.
            drop(stop);
            let _ = task.await;
            match give_up(&engine, &meta).await {
                Ok(()) if in_doubt => {}
                Ok(()) => {
                    if let Err(error) = engine.shutdown_queue(&meta).await {
                        tracing::warn!(%error, queue = meta.queue, "could not sign off after a drain");
                    }
                }
                Err(error) => tracing::warn!(
                    %error, queue = meta.queue, "could not hand back the jobs of a drain; rescue will find them"
                ),
            }
        })
    }
}

async fn give_up(engine: &Traced, meta: &QueueMeta) -> Result<()> {
    if !engine.reclaim_jobs(meta, &[]).await?.jobs.is_empty() {
        engine.notify(Channel::Insert, &[json!({"queue": meta.queue})]).await?;
    }
    Ok(())
}

impl Drop for Stand {
    fn drop(&mut self) {
        if let Some(leaving) = self.leaving() {
            self.supervisor.spawn(leaving);
        }
    }
}

#[async_trait]
impl Service for Beat {
    fn name(&self) -> String {
        format!("heartbeat of a drain of queue {:?}", self.meta.queue)
    }

    async fn run(&mut self, shutdown: &CancellationToken) -> Result<()> {
        // A beat under way is waited for: it would register again who has left.
        while timeout(self.interval, shutdown.cancelled()).await.is_err() {
            if let Err(error) = self.engine.refresh_queues(std::slice::from_ref(&self.meta)).await {
                tracing::warn!(%error, queue = self.meta.queue, "a drain's heart missed a beat");
            }
        }
        Ok(())
    }
}
