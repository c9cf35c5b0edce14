//! Events as names and values, for logs.

use std::time::Duration;

use serde_json::Value;

use super::{Event, JobEvent, NodeEvent, NotifierEvent, PeerEvent, QueueEvent, Run, ServiceEvent};
use crate::{Job, SonarStatus, Touched};

/// The parts of an event, in the order in which people want to read them.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(&'static str, Field)>);

#[derive(Debug)]
enum Field {
    Value(Value),
    /// Whole microseconds in JSON.
    Time(Duration),
}

/// Large selections are counted, and the first ones named.
const NAMED_AT_MOST: usize = 20;

impl Fields {
    /// What an event says. `args`: those of jobs too.
    pub(super) fn of(event: &Event, args: bool) -> Self {
        let mut fields = Self::default();
        match event {
            Event::Job(event) => fields.job(event, args),
            Event::Queue(event) => fields.queue(event),
            Event::Engine(event) => fields.engine(event),
            Event::Peer(PeerEvent::Campaigned { leads, led, duration }) => {
                fields.put("leads", *leads).put("led", *led).time("duration", *duration);
            }
            Event::Peer(PeerEvent::Resigned) => {}
            Event::Service(event) => fields.service(event),
            Event::Notifier(NotifierEvent::Switched { before, after }) => {
                fields.put("before", lowercase(before)).put("after", lowercase(after));
            }
            Event::Node(NodeEvent::Started { queues, workers }) => {
                fields.put("queues", queues.clone()).put("workers", workers.clone());
            }
            Event::Node(NodeEvent::Stopped { elapsed }) => {
                fields.time("elapsed", *elapsed);
            }
        }
        fields
    }

    /// `key=value` pairs, each after a space.
    pub(super) fn human(&self, line: &mut String) {
        for (key, field) in &self.0 {
            let value = match field {
                // Bare where it is one word.
                Field::Value(Value::String(text)) if is_plain(text) => text.clone(),
                Field::Value(value) => value.to_string(),
                Field::Time(time) => format!("{time:.1?}"),
            };
            line.extend([" ", key, "=", &value]);
        }
    }

    /// Entries of a JSON object. Times are whole microseconds, and their names say so.
    pub(super) fn json(&self, object: &mut Vec<(String, Value)>) {
        for (key, field) in &self.0 {
            object.push(match field {
                Field::Value(value) => ((*key).to_owned(), value.clone()),
                Field::Time(time) => {
                    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
                    (format!("{key}_us"), micros.into())
                }
            });
        }
    }

    fn job(&mut self, event: &JobEvent, args: bool) {
        let job = event.job();
        self.put("id", job.id.0).put("worker", job.worker.clone()).put("queue", job.queue.clone());
        self.put("attempt", job.attempt).put("max_attempts", job.max_attempts);
        match event {
            JobEvent::Started { queue_time, .. } => self.time("queue_time", *queue_time),
            JobEvent::Completed { run, recorded } => self.run(run).put("recorded", *recorded),
            JobEvent::Failed { run, failure, retry_in } => {
                self.run(run).put("kind", failure.kind.name()).put("error", failure.message.clone());
                match retry_in {
                    Some(wait) => self.time("retry_in", *wait),
                    None => self.put("retry", false),
                }
            }
            JobEvent::Snoozed { run, delay } => self.run(run).time("delay", *delay),
            JobEvent::Cancelled { run, reason } | JobEvent::Discarded { run, reason } => {
                self.run(run).put("reason", reason.clone())
            }
            JobEvent::Ignored { run, state } => self.run(run).put("state", state.to_string()),
            JobEvent::HandedBack { run } | JobEvent::Dropped { run } => self.run(run),
        };
        self.labels(job, args);
    }

    fn run(&mut self, run: &Run) -> &mut Self {
        self.time("duration", run.duration).time("queue_time", run.queue_time)
    }

    fn labels(&mut self, job: &Job, args: bool) {
        if !job.tags.is_empty() {
            self.put("tags", job.tags.clone());
        }
        if args {
            self.put("args", job.args.clone());
        }
    }

    fn queue(&mut self, event: &QueueEvent) {
        self.put("queue", event.queue());
        match event {
            QueueEvent::Started { limit, paused, .. } => {
                self.put("limit", *limit).put("paused", *paused);
            }
            QueueEvent::Scaled { limit, .. } => {
                self.put("limit", *limit);
            }
            QueueEvent::Stopped { elapsed, handed_back, unstored, .. } => {
                let ids: Vec<i64> = handed_back.iter().map(|id| id.0).collect();
                self.time("elapsed", *elapsed).put("handed_back", ids).put("unstored", *unstored);
            }
            QueueEvent::Reclaimed { count, .. } => {
                self.put("count", *count);
            }
            QueueEvent::Paused { .. } | QueueEvent::Resumed { .. } | QueueEvent::Stopping { .. } => {}
        }
    }

    fn engine(&mut self, event: &super::EngineEvent) {
        use super::EngineEvent::{Failed, GivenUp, Started, Stopped};
        self.put("operation", event.operation());
        match event {
            Started { .. } => {}
            Stopped { duration, count, .. } => {
                self.time("duration", *duration);
                if let Some(count) = count {
                    self.put("count", *count);
                }
            }
            Failed { duration, error, .. } => {
                self.time("duration", *duration).put("error", error.clone());
            }
            GivenUp { duration, .. } => {
                self.time("duration", *duration);
            }
        }
    }

    fn service(&mut self, event: &ServiceEvent) {
        match event {
            ServiceEvent::Staged { jobs, queues, duration } => {
                self.jobs(jobs).put("queues", queues.clone()).time("duration", *duration);
            }
            ServiceEvent::Rescued { jobs, duration } | ServiceEvent::Pruned { jobs, duration } => {
                self.jobs(jobs).time("duration", *duration);
            }
            ServiceEvent::CronInserted { entry, minute, worker, id, conflict } => {
                self.put("entry", entry.clone()).put("minute", minute.to_rfc3339());
                self.put("id", id.0).put("worker", worker.clone()).put("conflict", *conflict);
            }
            ServiceEvent::CronMissed { entry, first, last, count } => {
                self.put("entry", entry.clone()).put("count", *count);
                self.put("first", first.to_rfc3339()).put("last", last.to_rfc3339());
            }
            ServiceEvent::Reindexed { rebuilt, dropped, failed, duration } => {
                self.put("rebuilt", rebuilt.clone()).put("dropped", dropped.clone());
                self.put("failed", failed.clone()).time("duration", *duration);
            }
            ServiceEvent::Failing { service, error } => {
                self.put("service", *service).put("error", error.clone());
            }
            ServiceEvent::Recovered { service } => {
                self.put("service", *service);
            }
            ServiceEvent::Crashed { service, error } => {
                let error = error.as_deref().unwrap_or("a panic");
                self.put("service", service.clone()).put("error", error);
            }
        }
    }

    fn jobs(&mut self, jobs: &[Touched]) -> &mut Self {
        let ids: Vec<i64> = jobs.iter().take(NAMED_AT_MOST).map(|job| job.id.0).collect();
        self.put("count", jobs.len()).put("jobs", ids)
    }

    fn put(&mut self, key: &'static str, value: impl Into<Value>) -> &mut Self {
        self.0.push((key, Field::Value(value.into())));
        self
    }

    fn time(&mut self, key: &'static str, time: Duration) -> &mut Self {
        self.0.push((key, Field::Time(time)));
        self
    }
}

fn lowercase(status: &SonarStatus) -> String {
    format!("{status:?}").to_lowercase()
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || "._-:/".contains(letter))
}
