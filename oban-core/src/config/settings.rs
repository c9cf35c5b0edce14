use std::time::Duration;

use super::GivenEntry;
use crate::{
    CronEntry, Error, Lifeline, Pruner, Reindexer, Result, Testing, cron::Crontab, job::validate,
    queue::QueueOptions, service::too_short,
};

/// What a node was told to do, by all sources together. Each setting has its default here, and its key in `keys.rs`.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) node: String,
    pub(crate) queues: Vec<(String, QueueOptions)>,
    pub(crate) cron: Vec<CronEntry>,
    /// Those of configuration, until it is known whose jobs they are.
    pub(crate) given_cron: Vec<GivenEntry>,
    pub(crate) cron_timezone: Option<String>,
    pub(crate) stage_interval: Duration,
    pub(crate) heartbeat_interval: Duration,
    pub(crate) stale_after: Duration,
    pub(crate) lease: Duration,
    pub(crate) leadership: bool,
    pub(crate) gossip_interval: Option<Duration>,
    /// The services of a leader; those that are absent do not run.
    pub(crate) lifeline: Option<Lifeline>,
    pub(crate) pruner: Option<Pruner>,
    pub(crate) reindexer: Option<Reindexer>,
    pub(crate) cancel_grace_period: Duration,
    pub(crate) shutdown_grace_period: Duration,
    pub(crate) testing: Option<Testing>,
    /// What a setter was given that makes no sense; told at start.
    pub(crate) problems: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: "Oban".to_owned(),
            node: default_node(),
            queues: Vec::new(),
            cron: Vec::new(),
            given_cron: Vec::new(),
            cron_timezone: None,
            stage_interval: Duration::from_secs(1),
            heartbeat_interval: Duration::from_secs(5),
            stale_after: Duration::from_secs(20),
            lease: Duration::from_secs(15),
            leadership: true,
            gossip_interval: None,
            lifeline: Some(Lifeline::default()),
            pruner: Some(Pruner::default()),
            reindexer: None,
            cancel_grace_period: Duration::from_secs(5),
            shutdown_grace_period: Duration::from_secs(15),
            testing: None,
            problems: Vec::new(),
        }
    }
}

/// Host and process, so that two processes of one host are told apart.
fn default_node() -> String {
    format!("{}.{}", gethostname::gethostname().to_string_lossy(), std::process::id())
}

impl Settings {
    /// The entries, checked, and what is wrong with them.
    pub(crate) fn crontab(&self, problems: &mut Vec<String>) -> Crontab {
        Crontab::new(&self.cron, self.cron_timezone.as_deref(), problems)
    }

    pub(crate) fn validate(&self) -> Result<()> {
        let mut problems = self.problems.clone();
        for (key, value) in [("name", &self.name), ("node", &self.node)] {
            validate::name(key, value, &mut problems);
            if value.contains(char::is_whitespace) {
                problems.push(format!("{key} {value:?} holds white space; remove it"));
            }
        }
        for (at, (queue, options)) in self.queues.iter().enumerate() {
            if let Err(error) = options.validate("start", queue) {
                problems.push(error.message().to_owned());
            }
            if self.queues[..at].iter().any(|(other, _)| other == queue) {
                problems.push(format!("queue {queue:?} is given twice; keep one of them"));
            }
        }
        self.crontab(&mut problems);
        for (key, value) in [
            ("stage_interval", self.stage_interval),
            ("heartbeat_interval", self.heartbeat_interval),
            ("lease", self.lease),
        ] {
            problems.extend(too_short(key, value));
        }
        problems.extend(self.gossip_interval.and_then(|interval| too_short("gossip", interval)));
        problems.extend(self.lifeline.iter().flat_map(Lifeline::problems));
        problems.extend(self.pruner.iter().flat_map(Pruner::problems));
        problems.extend(self.reindexer.iter().flat_map(Reindexer::problems));
        if self.stale_after < self.heartbeat_interval * 3 {
            problems.push(format!(
                "stale_after {:?} would take a live node for dead; use at least three times heartbeat_interval, which is {:?}",
                self.stale_after, self.heartbeat_interval
            ));
        }
        if problems.is_empty() { Ok(()) } else { Err(Error::invalid("start", problems.join("; "))) }
    }
}
