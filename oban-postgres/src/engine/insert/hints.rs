//! What is to be heard of new jobs.

use std::collections::BTreeSet;

use oban_core::{JobState, NewJob};
use serde_json::json;

/// Of these jobs: each queue that gets available ones, once.
pub(in crate::engine) fn of_jobs(jobs: &[NewJob]) -> Vec<String> {
    let available = jobs.iter().filter(|job| job.state() == JobState::Available);
    of_queues(available.map(|job| job.queue.as_str()))
}

/// Of these queues, of each once.
pub(in crate::engine) fn of_queues<'a>(queues: impl Iterator<Item = &'a str>) -> Vec<String> {
    let queues: BTreeSet<&str> = queues.collect();
    queues.into_iter().map(|queue| json!({ "queue": queue }).to_string()).collect()
}
