use std::io::Write;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serializer;
use serde_json::Value;
use tracing::Level;

use super::{
    Event, Handler, JobEvent, NotifierEvent, PeerEvent, QueueEvent, ServiceEvent, Source, Topic,
    fields::Fields,
};
use crate::SonarStatus;

/// A ready handler that writes a line for each event worth one.
///
/// ```
/// # use oban_core::{Builder, telemetry::{Logger, Topic}};
/// # fn setup(builder: Builder) -> Builder {
/// builder.telemetry(Logger::json().topics([Topic::Job, Topic::Queue]).writer(std::io::stderr()))
/// # }
/// ```
///
/// Without a [`writer`](Logger::writer) lines are events of `tracing` with the target `oban::telemetry`. A failed attempt
/// that is tried again and other trouble are warnings, a last failure and a crash are errors, the rest has the
/// logger's [`level`](Logger::level).
///
/// Args and meta of jobs are not written, because they may hold what is nobody's business; error texts are.
#[must_use = "hand it to Builder::telemetry"]
pub struct Logger {
    format: Format,
    level: Level,
    topics: Vec<Topic>,
    args: bool,
    time: bool,
    writer: Option<Box<dyn Write + Send>>,
}

#[derive(Clone, Copy, Debug)]
enum Format {
    Human,
    Json,
}

/// Engine calls are many, and told only to those who ask.
const DEFAULT_TOPICS: [Topic; 6] =
    [Topic::Job, Topic::Queue, Topic::Peer, Topic::Service, Topic::Notifier, Topic::Node];

impl Logger {
    /// Writes lines for people: what happened, then `key=value` pairs.
    pub fn human() -> Self {
        Self::new(Format::Human)
    }

    /// Writes a JSON object a line. Times are in microseconds, in keys that end with `_us`.
    pub fn json() -> Self {
        Self::new(Format::Json)
    }

    /// The level of ordinary lines. Default info.
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Which events to write. Default: all but those of engine calls.
    pub fn topics(mut self, topics: impl IntoIterator<Item = Topic>) -> Self {
        self.topics = topics.into_iter().collect();
        self
    }

    /// Writes the args of jobs too.
    pub fn with_args(mut self) -> Self {
        self.args = true;
        self
    }

    /// Writes lines here, each with its time, and not to `tracing`. What cannot be written is lost.
    pub fn writer(mut self, writer: impl Write + Send + 'static) -> Self {
        self.writer = Some(Box::new(writer));
        self
    }

    /// Leaves out the time, where whoever takes the lines adds it.
    pub fn without_time(mut self) -> Self {
        self.time = false;
        self
    }

    fn new(format: Format) -> Self {
        Self {
            format,
            level: Level::INFO,
            topics: DEFAULT_TOPICS.to_vec(),
            args: false,
            time: true,
            writer: None,
        }
    }

    fn line(&self, event: &Event, source: &Source, level: Level, time: Option<DateTime<Utc>>) -> String {
        let fields = Fields::of(event, self.args);
        let time = time.map(|time| time.to_rfc3339_opts(SecondsFormat::Micros, true));
        match self.format {
            Format::Human => {
                let name = event.name().replace(['.', '_'], " ");
                let mut line = time.map_or_else(String::new, |time| format!("{time} {level:>5} "));
                line.push_str(&name);
                fields.human(&mut line);
                line
            }
            Format::Json => {
                let mut object: Vec<(String, Value)> = Vec::new();
                object.extend(time.map(|time| ("time".to_owned(), time.into())));
                object.push(("level".to_owned(), level.as_str().to_lowercase().into()));
                object.push(("source".to_owned(), "oban".into()));
                object.push(("event".to_owned(), event.name().into()));
                object.push(("instance".to_owned(), source.instance.clone().into()));
                object.push(("node".to_owned(), source.node.clone().into()));
                fields.json(&mut object);
                in_order(&object)
            }
        }
    }
}

impl Handler for Logger {
    fn handle(&mut self, event: &Event, source: &Source) {
        if !self.topics.contains(&event.topic()) {
            return;
        }
        let Some(level) = level_of(event, self.level) else { return };
        match self.writer.take() {
            Some(mut writer) => {
                let line = self.line(event, source, level, self.time.then(now));
                // There is nobody to tell.
                let _ = writeln!(writer, "{line}").and_then(|()| writer.flush());
                self.writer = Some(writer);
            }
            None => emit(level, &self.line(event, source, level, None)),
        }
    }
}

/// The level of an event's line; `None`: it is not worth one.
fn level_of(event: &Event, ordinary: Level) -> Option<Level> {
    match event {
        Event::Job(JobEvent::Failed { retry_in: None, .. })
        | Event::Service(ServiceEvent::Crashed { .. }) => Some(Level::ERROR),
        Event::Job(
            JobEvent::Failed { .. }
            | JobEvent::HandedBack { .. }
            | JobEvent::Ignored { .. }
            | JobEvent::Dropped { .. },
        )
        | Event::Queue(QueueEvent::Reclaimed { .. })
        | Event::Engine(super::EngineEvent::Failed { .. })
        | Event::Service(ServiceEvent::Failing { .. } | ServiceEvent::CronMissed { .. }) => Some(Level::WARN),
        Event::Queue(QueueEvent::Stopped { handed_back, unstored, .. })
            if !handed_back.is_empty() || *unstored > 0 =>
        {
            Some(Level::WARN)
        }
        Event::Notifier(NotifierEvent::Switched { after: SonarStatus::Isolated, .. }) => Some(Level::WARN),
        Event::Service(ServiceEvent::Rescued { jobs, .. }) if !jobs.is_empty() => Some(Level::WARN),
        Event::Service(ServiceEvent::Reindexed { failed, .. }) if !failed.is_empty() => Some(Level::WARN),
        // Nothing happened.
        Event::Service(
            ServiceEvent::Staged { jobs, .. }
            | ServiceEvent::Rescued { jobs, .. }
            | ServiceEvent::Pruned { jobs, .. },
        ) if jobs.is_empty() => None,
        Event::Peer(peer @ PeerEvent::Campaigned { .. }) if !peer.is_change() => None,
        _ => Some(ordinary),
    }
}

/// `tracing` wants its levels at compile time.
fn emit(level: Level, line: &str) {
    match level {
        Level::ERROR => tracing::error!(target: "oban::telemetry", "{line}"),
        Level::WARN => tracing::warn!(target: "oban::telemetry", "{line}"),
        Level::INFO => tracing::info!(target: "oban::telemetry", "{line}"),
        Level::DEBUG => tracing::debug!(target: "oban::telemetry", "{line}"),
        Level::TRACE => tracing::trace!(target: "oban::telemetry", "{line}"),
    }
}

#[expect(clippy::disallowed_methods, reason = "for readers of the log; nothing is decided by it")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

/// A JSON object with its entries in this order.
fn in_order(object: &[(String, Value)]) -> String {
    let mut text = Vec::new();
    let entries = object.iter().map(|(key, value)| (key, value));
    // Writing values of JSON into memory does not fail.
    let _ = serde_json::Serializer::new(&mut text).collect_map(entries);
    String::from_utf8(text).unwrap_or_default()
}

impl std::fmt::Debug for Logger {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Logger")
            .field("format", &self.format)
            .field("level", &self.level)
            .field("topics", &self.topics)
            .finish_non_exhaustive()
    }
}
