use std::{fmt, sync::Arc};

use super::{Oban, Testing, node::Node};
use crate::{
    Config, CronEntry, Engine, Error, Lifeline, NewJob, Notifier, Period, PeriodError, Pruner, Reindexer,
    Result, Worker,
    config::Settings,
    engine::SharedNotifier,
    queue::QueueOptions,
    service::take_period,
    telemetry::{ErrorReporter, Handler, Handlers, Propagation, Propagator, Reporting},
    worker::Registry,
};

/// Sets up an instance. Nothing runs, and nothing is checked, before [`start`](Builder::start).
///
/// Periods are texts such as `"30s"` or [`Duration`](std::time::Duration)s.
#[must_use = "an instance does nothing until it is started"]
pub struct Builder<S = ()> {
    engine: Arc<dyn Engine>,
    state: Arc<S>,
    notifier: Option<SharedNotifier>,
    registry: Registry,
    settings: Settings,
    configs: Vec<Config>,
    instruments: Instruments,
}

/// What an instance is watched with.
#[derive(Debug, Default)]
pub(crate) struct Instruments {
    pub(super) handlers: Handlers,
    pub(super) propagation: Propagation,
}

impl Builder {
    pub(super) fn new(engine: Arc<dyn Engine>) -> Self {
        Self {
            engine,
            state: Arc::new(()),
            notifier: None,
            registry: Registry::default(),
            settings: Settings::default(),
            configs: Vec::new(),
            instruments: Instruments::default(),
        }
    }

    /// Gives workers the application's state. Comes before the workers that need it; those added before keep `()`.
    pub fn state<S: Send + Sync + 'static>(self, state: S) -> Builder<S> {
        Builder {
            engine: self.engine,
            state: Arc::new(state),
            notifier: self.notifier,
            registry: self.registry,
            settings: self.settings,
            configs: self.configs,
            instruments: self.instruments,
        }
    }
}

impl<S: Send + Sync + 'static> Builder<S> {
    /// Lets this node run the jobs of a worker, stored under its name or one of its
    /// [aliases](crate::JobArgs::ALIASES).
    pub fn worker<W: Worker<S>>(mut self) -> Self {
        self.registry.insert::<S, W>(Arc::clone(&self.state), &mut self.settings.problems);
        self.settings.cron.extend(W::cron());
        self
    }

    /// Inserts a job whenever a cron expression is due: `.cron("0 9 * * MON-FRI", SendReport {})`. The job may have options
    /// of its own, as in `SendReport {}.queue("slow")`.
    ///
    /// Every node that runs queues offers its entries to the store, which takes each minute of an entry once, however many
    /// nodes there are. So all nodes should have the same entries, and nobody has to lead. See [`CronEntry`] for what
    /// else an entry can be told, and [`CronExpression`](crate::CronExpression) for the grammar.
    pub fn cron(self, expression: impl Into<String>, job: impl Into<NewJob>) -> Self {
        self.cron_entry(CronEntry::new(expression, job))
    }

    /// Adds a periodic job with options: `.cron_entry(CronEntry::new("@daily", Clean {}).timezone("Asia/Tokyo"))`.
    pub fn cron_entry(mut self, entry: CronEntry) -> Self {
        self.settings.cron.push(entry);
        self
    }

    /// The time zone of entries that name none, those of `#[job(cron = "…")]` included. Default `Etc/UTC`.
    pub fn cron_timezone(mut self, timezone: impl Into<String>) -> Self {
        self.settings.cron_timezone = Some(timezone.into());
        self
    }

    /// Runs a queue on this node: `.queue("mailers", 10)`, or with [`QueueOptions`]. A node without queues only inserts
    /// and operates; it runs no services and never leads.
    pub fn queue(mut self, queue: impl Into<String>, options: impl Into<QueueOptions>) -> Self {
        self.settings.queues.push((queue.into(), options.into()));
        self
    }

    /// Sends and hears hints by another notifier than the engine, the same on all nodes. For example where a pooler does
    /// not pass on what Postgres notifies.
    ///
    /// Jobs inserted in a transaction of the caller's are not announced then, as nobody knows when it commits: they start
    /// within the [staging interval](Builder::stage_interval).
    pub fn notifier(mut self, notifier: impl Notifier + Send + Sync + 'static) -> Self {
        self.notifier = Some(Arc::new(notifier));
        self
    }

    /// Tells dashboards of other languages, such as Oban Web, what the queues of this node do, this often. They expect it
    /// about each second. Not done unless asked for.
    pub fn gossip(mut self, period: impl TryInto<Period, Error: Into<PeriodError>>) -> Self {
        let mut interval = std::time::Duration::ZERO;
        take_period("gossip", period, &mut interval, &mut self.settings.problems);
        self.settings.gossip_interval = Some(interval);
        self
    }

    /// The instance's name. Instances of one name and one store form a cluster and elect a leader. Default `Oban`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.settings.name = name.into();
        self
    }

    /// This node's name, for people. Default: host and process id.
    pub fn node(mut self, node: impl Into<String>) -> Self {
        self.settings.node = node.into();
        self
    }

    /// How often due jobs are made available, and how late a job may start when notifications fail. Default 1 s.
    pub fn stage_interval(mut self, period: impl TryInto<Period, Error: Into<PeriodError>>) -> Self {
        let Settings { stage_interval, problems, .. } = &mut self.settings;
        take_period("stage_interval", period, stage_interval, problems);
        self
    }

    /// How often this node says that it lives. Default 5 s.
    pub fn heartbeat_interval(mut self, period: impl TryInto<Period, Error: Into<PeriodError>>) -> Self {
        let Settings { heartbeat_interval, problems, .. } = &mut self.settings;
        take_period("heartbeat_interval", period, heartbeat_interval, problems);
        self
    }

    /// After how long without a heartbeat a node counts as dead and its jobs run elsewhere. Default 20 s; the same on
    /// all nodes.
    pub fn stale_after(mut self, period: impl TryInto<Period, Error: Into<PeriodError>>) -> Self {
        let Settings { stale_after, problems, .. } = &mut self.settings;
        take_period("stale_after", period, stale_after, problems);
        self
    }

    /// How long leadership outlives a leader that died; a living one renews it three times as often. Default 15 s.
    pub fn lease(mut self, period: impl TryInto<Period, Error: Into<PeriodError>>) -> Self {
        let Settings { lease, problems, .. } = &mut self.settings;
        take_period("lease", period, lease, problems);
        self
    }

    /// Never leads, though it runs queues: for a node whose leadership would come and go with it. Others have to lead, or
    /// nothing is rescued or pruned.
    pub fn without_leadership(mut self) -> Self {
        self.settings.leadership = false;
        self
    }

    /// How jobs are taken back from dead nodes while this one leads.
    pub fn lifeline(mut self, lifeline: Lifeline) -> Self {
        self.settings.lifeline = Some(lifeline);
        self
    }

    /// Takes nothing back while this node leads: for where nodes of another kind do it.
    pub fn without_lifeline(mut self) -> Self {
        self.settings.lifeline = None;
        self
    }

    /// How long finished jobs stay in the store while this node leads, as in `.pruner(Pruner::after("7d"))`. Default one
    /// day.
    pub fn pruner(mut self, pruner: Pruner) -> Self {
        self.settings.pruner = Some(pruner);
        self
    }

    /// Keeps finished jobs for ever, as far as this node is concerned.
    pub fn without_pruner(mut self) -> Self {
        self.settings.pruner = None;
        self
    }

    /// Rebuilds indexes by schedule while this node leads, as in `.reindexer(Reindexer::daily_at("03:30"))`. Default: they
    /// are not rebuilt. On an engine that [has no use for it](crate::Capabilities::reindexes) it does nothing.
    pub fn reindexer(mut self, reindexer: Reindexer) -> Self {
        self.settings.reindexer = Some(reindexer);
        self
    }

    /// Rebuilds no indexes: the default.
    pub fn without_reindexer(mut self) -> Self {
        self.settings.reindexer = None;
        self
    }

    /// How long a cancelled job may go on after its [`cancellation`](crate::Context::cancellation) has fired, before it is
    /// dropped. Default 5 s.
    pub fn cancel_grace_period(mut self, period: impl TryInto<Period, Error: Into<PeriodError>>) -> Self {
        let Settings { cancel_grace_period, problems, .. } = &mut self.settings;
        take_period("cancel_grace_period", period, cancel_grace_period, problems);
        self
    }

    /// How long a stopping node waits for its running jobs before it hands them back. In the last tenth their
    /// [`cancellation`](crate::Context::cancellation) fires. Default 15 s.
    pub fn shutdown_grace_period(mut self, period: impl TryInto<Period, Error: Into<PeriodError>>) -> Self {
        let Settings { shutdown_grace_period, problems, .. } = &mut self.settings;
        take_period("shutdown_grace_period", period, shutdown_grace_period, problems);
        self
    }

    /// For tests of an application: nothing runs by itself. Queues are checked but not started, and there are no services.
    /// See [`Testing`].
    pub fn testing(mut self, mode: Testing) -> Self {
        self.settings.testing = Some(mode);
        self
    }

    /// Takes settings from a file or the environment. They count more than what is said in code, whatever the order of
    /// the calls; see [`Config`].
    pub fn config(mut self, config: Config) -> Self {
        self.configs.push(config);
        self
    }

    /// Lets a handler hear of everything this instance does: a [`Logger`](crate::telemetry::Logger), or one of your own.
    /// There may be any number; each has a thread of its own.
    pub fn telemetry(mut self, handler: impl Handler) -> Self {
        self.instruments.handlers.add(handler);
        self
    }

    /// Lets a reporter hear of each failed attempt, once the store has taken it.
    pub fn report_errors(self, reporter: impl ErrorReporter) -> Self {
        self.telemetry(Reporting(reporter))
    }

    /// Carries traces from whoever inserts a job to its run. Nodes that only insert need it too.
    pub fn propagator(mut self, propagator: impl Propagator) -> Self {
        self.instruments.propagation = Propagation::new(propagator);
        self
    }

    /// Checks everything and starts the instance on the current tokio runtime, where its workers will run.
    ///
    /// With a multi-threaded runtime the rest of the instance has a thread of its own, so that busy workers cannot
    /// stop its heartbeat. A single-threaded one it shares with the workers: one that blocks for longer than
    /// [`stale_after`](Builder::stale_after) makes other nodes take this one for dead.
    ///
    /// # Errors
    /// `Invalid` with every problem of the configuration, its value and its cure; `Unmigrated` when the store's schema
    /// does not fit; `Unavailable` when the store does not answer. Nothing runs then.
    pub async fn start(mut self) -> Result<Oban> {
        Config::apply_all(self.configs, &mut self.settings);
        self.settings.resolve_cron(&self.registry);
        self.settings.validate()?;
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(Error::invalid("start", "there is no tokio runtime here; call start() inside one"));
        }
        self.engine.verify().await?;
        Node::start(self.engine, self.notifier, self.registry, self.settings, self.instruments).await
    }
}

impl<S> fmt::Debug for Builder<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Builder")
            .field("engine", &self.engine)
            .field("workers", &self.registry)
            .field("settings", &self.settings)
            .field("configs", &self.configs)
            .finish_non_exhaustive()
    }
}
