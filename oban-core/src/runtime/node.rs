use std::{
    sync::{self, Arc},
    time::Duration,
};

use async_trait::async_trait;
use tokio::{
    runtime,
    sync::{Mutex, Notify, mpsc, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{
    Instruments, Oban, Queues, Service, Supervisor, Testing, echoes::Echoes, inline::Inline, queues,
    signals::Signals,
};
use crate::{
    Engine, Error, ErrorKind, Lease, Notifier, QueueSpec, Result,
    config::Settings,
    engine::{Relayed, SharedNotifier, Traced},
    peer::Election,
    queue::{Executor, Hearts, Producer, QueueOptions, Wiring},
    service::{Cron, Gossip, Pruning, Pulse, Refresher, Reindexing, Rescuing, Sonar, Sounding, Stager},
    telemetry::{Event, NodeEvent, Propagation, QueueEvent, Source, Telemetry},
    worker::Registry,
};

/// A running instance: what it consists of, and the order in which it starts and stops.
#[derive(Debug)]
pub(crate) struct Node {
    /// The engine as the user made it.
    pub(super) store: Arc<dyn Engine>,
    /// The engine as everything here calls it.
    pub(super) engine: Traced,
    pub(super) settings: Settings,
    pub(super) propagation: Propagation,
    pub(super) queues: Arc<Queues>,
    hearts: Hearts,
    pub(super) leads: watch::Sender<bool>,
    pub(super) sounding: watch::Sender<Sounding>,
    /// Runs jobs as they are inserted, in tests that want it.
    pub(super) inline: Option<Inline>,
    pulse: watch::Sender<Pulse>,
    pub(super) echoes: sync::Mutex<Echoes>,
    pub(super) supervisor: Supervisor,
    registry: Registry,
    workers: runtime::Handle,
    /// The services, from the first queue on. Locked by whoever starts a queue or stops the node, so that these never
    /// happen at once.
    services: Mutex<Vec<Layer>>,
    /// Asked to stop.
    pub(super) stopping: CancellationToken,
    /// Has stopped.
    stopped: CancellationToken,
}

/// The tasks that stop together, in the order of their stop.
#[derive(Debug)]
struct Layer {
    shutdown: CancellationToken,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

/// A service waits for one answer of the store at most. One that hangs is not waited for: all they do can be done again.
const SERVICE_GRACE: Duration = Duration::from_secs(3);

impl Node {
    pub(super) async fn start(
        store: Arc<dyn Engine>,
        notifier: Option<SharedNotifier>,
        registry: Registry,
        settings: Settings,
        instruments: Instruments,
    ) -> Result<Oban> {
        let source = Source { instance: settings.name.clone(), node: settings.node.clone() };
        let telemetry = Telemetry::start(instruments.handlers, source)?;
        let supervisor = Supervisor::new(telemetry.clone());
        let engine: Arc<dyn Engine> = match notifier {
            None => Arc::clone(&store),
            Some(notifier) => Arc::new(Relayed::new(Arc::clone(&store), notifier)),
        };
        let engine = Traced::new(engine, telemetry);
        let inline = (settings.testing == Some(Testing::Inline)).then(Inline::new);
        let node = Arc::new(Self {
            store,
            engine,
            settings,
            propagation: instruments.propagation,
            queues: Arc::default(),
            hearts: Hearts::default(),
            leads: watch::Sender::new(false),
            sounding: watch::Sender::new(Sounding::default()),
            inline,
            pulse: watch::Sender::new(Pulse::default()),
            echoes: sync::Mutex::default(),
            supervisor,
            registry,
            workers: runtime::Handle::current(),
            services: Mutex::default(),
            stopping: CancellationToken::new(),
            stopped: CancellationToken::new(),
        });
        Arc::clone(&node).stop_when_told();
        node.stop_with_the_application();
        let oban = Oban::new(Arc::clone(&node));
        let queues = if node.settings.testing.is_some() { &[] } else { node.settings.queues.as_slice() };
        for (queue, options) in queues {
            if let Err(error) = node.start_queue(queue, *options).await {
                oban.stop().await?;
                return Err(error);
            }
        }
        let Settings { name, node: node_name, .. } = &node.settings;
        let (queues, workers) = (node.queues.names(), node.registry.names());
        node.engine
            .telemetry()
            .emit(|| Event::Node(NodeEvent::Started { queues: queues.clone(), workers: workers.clone() }));
        tracing::info!(instance = name, node = node_name, ?queues, ?workers, "started");
        Ok(oban)
    }

    /// The layers in the order of their start. A node without queues has none: it could do nothing with what they find.
    fn start_services(self: &Arc<Self>) -> Vec<Layer> {
        let Self { engine, settings, .. } = &**self;
        let refresher = Refresher::new(
            engine.clone(),
            self.supervisor.clone(),
            Arc::clone(&self.queues),
            self.hearts.clone(),
            settings.heartbeat_interval,
            self.pulse.clone(),
        );
        let lease = Lease {
            name: settings.name.clone(),
            node: settings.node.clone(),
            uuid: uuid::Uuid::new_v4(),
            ttl: settings.lease,
        };
        let election: Option<Box<dyn Service>> = settings.leadership.then(|| {
            Box::new(Election::new(engine.clone(), lease.clone(), self.leads.clone())) as Box<dyn Service>
        });
        vec![
            self.layer([Box::new(Relay(engine.clone())) as Box<dyn Service>]),
            self.layer([Box::new(refresher) as Box<dyn Service>]),
            self.layer(election),
            self.layer(self.tidiers(lease)),
        ]
    }

    fn tidiers(self: &Arc<Self>, us: Lease) -> Vec<Box<dyn Service>> {
        let Self { engine, settings, .. } = &**self;
        let stager = Stager::new(
            engine.clone(),
            Arc::clone(&self.queues),
            settings.stage_interval,
            self.leads.subscribe(),
            self.sounding.subscribe(),
        );
        let mut services: Vec<Box<dyn Service>> = vec![
            Box::new(Sonar::new(engine.clone(), us, self.sounding.clone())),
            Box::new(Signals::new(Arc::clone(self))),
            Box::new(stager),
        ];
        let leads = || self.leads.subscribe();
        if let Some(lifeline) = &settings.lifeline {
            let (heartbeat, stale_after) = (settings.heartbeat_interval, settings.stale_after);
            let pulse = self.pulse.subscribe();
            services.push(Box::new(Rescuing::new(
                engine.clone(),
                leads(),
                pulse,
                heartbeat,
                stale_after,
                lifeline,
            )));
        }
        if let Some(pruner) = &settings.pruner {
            services.push(Box::new(Pruning::new(engine.clone(), leads(), pruner.clone())));
        }
        match &settings.reindexer {
            Some(reindexer) if engine.capabilities().reindexes => {
                services.push(Box::new(Reindexing::new(engine.clone(), leads(), reindexer.clone())));
            }
            Some(_) => {
                tracing::info!(
                    engine = engine.capabilities().name,
                    "the reindexer has nothing to do on this engine"
                );
            }
            None => {}
        }
        let crontab = settings.crontab(&mut Vec::new());
        if !crontab.is_empty() {
            services.push(Box::new(Cron::new(engine.clone(), settings.name.clone(), crontab)));
        }
        if let Some(interval) = settings.gossip_interval {
            let (name, queues) = (settings.name.clone(), Arc::clone(&self.queues));
            services.push(Box::new(Gossip::new(engine.clone(), name, queues, interval)));
        }
        services
    }

    fn layer(&self, services: impl IntoIterator<Item = Box<dyn Service>>) -> Layer {
        let shutdown = CancellationToken::new();
        let start = |service| self.supervisor.supervise(service, shutdown.clone());
        let tasks = services.into_iter().map(start).collect();
        Layer { shutdown, tasks }
    }

    /// Starts a queue on this node.
    pub(super) async fn start_queue(self: &Arc<Self>, queue: &str, options: QueueOptions) -> Result<()> {
        options.validate("start_queue", queue)?;
        if let Some(mode) = self.settings.testing {
            let message =
                format!("this instance is for tests, {mode:?}, and runs no queues; drain {queue:?}");
            return Err(Error::new(ErrorKind::Unsupported, "start_queue", message));
        }
        let mut services = self.services.lock().await;
        self.ensure_running("start_queue")?;
        if self.queues.has(queue) {
            let message = format!("queue {queue:?} runs on this node already; scale it, or stop it first");
            return Err(Error::invalid("start_queue", message));
        }
        if services.is_empty() {
            *services = self.start_services();
        }
        let spec = QueueSpec {
            instance: self.settings.name.clone(),
            node: self.settings.node.clone(),
            queue: queue.to_owned(),
            limit: options.limit,
            paused: options.paused,
        };
        let engine = self.engine.clone();
        let meta = self.supervisor.run(async move { engine.init_queue(&spec).await }).await?;
        let (commands, receiver) = mpsc::unbounded_channel();
        let (meta_sender, meta_receiver) = watch::channel(Some(meta.clone()));
        let handle = queues::Handle {
            commands,
            wake: Arc::new(Notify::new()),
            meta: meta_receiver,
            shutdown: CancellationToken::new(),
            stopped: CancellationToken::new(),
        };
        let wiring = Wiring {
            commands: receiver,
            wake: Arc::clone(&handle.wake),
            meta: meta_sender,
            sounding: self.sounding.subscribe(),
            hearts: self.hearts.clone(),
            blocking: options.blocking,
            read_ahead: options.read_ahead,
            cancel_grace: self.settings.cancel_grace_period,
            shutdown_grace: self.settings.shutdown_grace_period,
            // What a living node lost comes back as soon as what a dead one had.
            audit_interval: self.settings.stale_after,
        };
        self.engine.telemetry().emit(|| {
            let QueueOptions { limit, paused, .. } = options;
            Event::Queue(QueueEvent::Started { queue: queue.to_owned(), limit, paused })
        });
        let producer = Producer::new(self.engine.clone(), self.executor(), meta, wiring);
        let running = self.supervisor.supervise(Box::new(producer), handle.shutdown.clone());
        let (queues, name, stopped) = (Arc::clone(&self.queues), queue.to_owned(), handle.stopped.clone());
        self.queues.add(queue, handle);
        self.supervisor.spawn(async move {
            let _ = running.await;
            queues.remove(&name);
            stopped.cancel();
        });
        Ok(())
    }

    /// Runs jobs with this node's workers.
    pub(super) fn executor(self: &Arc<Self>) -> Executor {
        Executor::new(
            self.registry.clone(),
            self.workers.clone(),
            Oban::of(self),
            self.engine.telemetry().clone(),
            self.propagation.clone(),
        )
    }

    pub(super) fn ensure_running(&self, operation: &'static str) -> Result<()> {
        if self.stopping.is_cancelled() {
            return Err(Error::new(ErrorKind::Stopped, operation, "this instance has stopped"));
        }
        Ok(())
    }

    /// Asks the instance to stop.
    pub(super) fn begin_stop(&self) {
        self.stopping.cancel();
    }

    /// Stops the instance when the application's runtime ends: nothing could run its jobs any more.
    fn stop_with_the_application(&self) {
        let (stopping, stopped) = (self.stopping.clone().drop_guard(), self.stopped.clone());
        self.workers.spawn(async move {
            stopped.cancelled().await;
            drop(stopping);
        });
    }

    /// Stops the instance when its last handle is gone.
    pub(super) fn stop_after(&self, dropped: CancellationToken) {
        let stopping = self.stopping.clone();
        self.supervisor.spawn(async move {
            tokio::select! {
                () = dropped.cancelled() => stopping.cancel(),
                () = stopping.cancelled() => {}
            }
        });
    }

    /// Waits until it has stopped.
    pub(super) async fn wait_stopped(&self) {
        self.stopped.cancelled().await;
    }

    /// Services end first, then leadership is given up, and only then do queues drain: a node on its way out
    /// must not hold up the others. Heartbeats go on until nothing runs any more.
    fn stop_when_told(self: Arc<Self>) {
        let supervisor = self.supervisor.clone();
        supervisor.spawn(async move {
            self.stopping.cancelled().await;
            let began = Instant::now();
            let mut services = std::mem::take(&mut *self.services.lock().await);
            let below_queues = services.drain(..services.len().min(2)).collect::<Vec<_>>();
            for layer in services.into_iter().rev() {
                layer.stop().await;
            }
            let queues = self.queues.all();
            for (_, queue) in &queues {
                queue.shutdown.cancel();
            }
            for (_, queue) in &queues {
                queue.stopped.cancelled().await;
            }
            for layer in below_queues.into_iter().rev() {
                layer.stop().await;
            }
            tracing::info!(instance = self.settings.name, node = self.settings.node, "stopped");
            let telemetry = self.engine.telemetry();
            telemetry.emit(|| Event::Node(NodeEvent::Stopped { elapsed: began.elapsed() }));
            telemetry.flush().await;
            self.stopped.cancel();
        });
    }
}

impl Layer {
    async fn stop(self) {
        self.shutdown.cancel();
        for mut task in self.tasks {
            if tokio::time::timeout(SERVICE_GRACE, &mut task).await.is_err() {
                task.abort();
            }
        }
    }
}

/// Keeps the engine's notifier running.
struct Relay(Traced);

#[async_trait]
impl Service for Relay {
    fn name(&self) -> String {
        "notifier".to_owned()
    }

    async fn run(&mut self, shutdown: &CancellationToken) -> Result<()> {
        self.0.run(shutdown.clone()).await
    }
}
