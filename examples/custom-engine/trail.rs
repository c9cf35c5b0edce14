//! The file that tells what happened to each job.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::Path,
    sync::{Mutex, PoisonError},
};

use oban::{Ack, Clock, Job, JobId, JobState, Touched, chrono};
use serde::Serialize;

/// Appends a line of JSON for each change of a job.
#[derive(Debug)]
pub(crate) struct Trail {
    file: Mutex<File>,
    clock: Clock,
}

/// One change.
#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    job: JobId,
    /// `None` when the operation does not tell, as for new jobs.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<JobState>,
    /// `None` for a deleted job.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<JobState>,
}

#[derive(Serialize)]
struct Line<'a> {
    at: Option<chrono::DateTime<chrono::Utc>>,
    operation: &'static str,
    #[serde(flatten)]
    entry: &'a Entry,
}

impl Trail {
    /// Goes on at the end of the file; makes it when it is missing.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self { file: Mutex::new(file), clock: Clock::following_tokio() })
    }

    /// Writes entries after they have happened.
    ///
    /// The engine's contract leaves no way to say "done, but not written down": an error would mean that nothing
    /// happened, and a job that was fetched would be lost. So a failure is logged.
    pub(crate) fn write(&self, operation: &'static str, entries: impl Iterator<Item = Entry>) {
        if let Err(error) = self.try_write(operation, entries) {
            tracing::error!(%error, operation, "the audit trail has a gap");
        }
    }

    fn try_write(&self, operation: &'static str, entries: impl Iterator<Item = Entry>) -> io::Result<()> {
        let at = self.clock.now();
        let mut lines = Vec::new();
        for entry in entries {
            serde_json::to_writer(&mut lines, &Line { at, operation, entry: &entry })?;
            lines.push(b'\n');
        }
        // In one piece, so that the lines of several processes do not mix.
        self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&lines)
    }
}

impl Entry {
    /// A job that is new, or was given new values.
    pub(crate) fn written(job: &Job) -> Self {
        Self { job: job.id, before: None, after: Some(job.state) }
    }

    pub(crate) fn fetched(job: &Job) -> Self {
        Self { job: job.id, before: Some(JobState::Available), after: Some(job.state) }
    }

    pub(crate) fn touched(touched: &Touched) -> Self {
        Self { job: touched.id, before: Some(touched.before), after: touched.after }
    }

    /// The entries of those acks that the engine took.
    pub(crate) fn acked(acks: &[Ack], taken: &[JobId]) -> impl Iterator<Item = Self> {
        acks.iter().filter(|ack| taken.contains(&ack.id)).map(|ack| Self {
            job: ack.id,
            before: Some(JobState::Executing),
            after: Some(ack.finish.state()),
        })
    }
}
