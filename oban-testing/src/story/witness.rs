//! A handler that remembers what it was told.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use oban_core::{
    JobId,
    telemetry::{Event, Handler, JobEvent, Source},
};
use tokio::sync::watch;

use super::cluster::PATIENCE;

/// Hears of everything, and tells what it has heard so far. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Witness(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    heard: Mutex<Vec<Event>>,
    changed: watch::Sender<()>,
}

impl Witness {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Shared { heard: Mutex::default(), changed: watch::Sender::new(()) }))
    }

    /// Waits until something was told, and returns what `find` made of it first.
    pub(crate) async fn hears<T>(&self, what: &str, find: impl Fn(&Event) -> Option<T>) -> T {
        let mut changed = self.0.changed.subscribe();
        let waiting = async {
            loop {
                let found = self.heard().iter().find_map(&find);
                if let Some(found) = found {
                    return found;
                }
                changed.changed().await.expect("the witness is there");
            }
        };
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(found) => found,
            Err(_) => panic!("waited in vain to hear that {what}; heard {:?}", self.names()),
        }
    }

    /// Waits until a run of this job has ended, and returns how.
    pub(crate) async fn end_of(&self, id: JobId) -> JobEvent {
        self.hears(&format!("a run of job {id} ended"), |event| match event {
            Event::Job(event) if event.job().id == id && event.run().is_some() => Some(event.clone()),
            _ => None,
        })
        .await
    }

    /// The names of what was told of a job, in order.
    pub(crate) fn names_of(&self, id: JobId) -> Vec<&'static str> {
        let of_job = |event: &&Event| matches!(event, Event::Job(event) if event.job().id == id);
        self.heard().iter().filter(of_job).map(Event::name).collect()
    }

    /// The names of everything that was told, in order.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.heard().iter().map(Event::name).collect()
    }

    fn heard(&self) -> MutexGuard<'_, Vec<Event>> {
        self.0.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handler for Witness {
    fn handle(&mut self, event: &Event, source: &Source) {
        assert!(source.instance == "Oban" && source.node.starts_with("web."), "{source}");
        self.heard().push(event.clone());
        self.0.changed.send_replace(());
    }
}
