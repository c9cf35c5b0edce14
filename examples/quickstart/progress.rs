//! What is seen while jobs run.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use oban::{JobArgs, JobCount, JobFilter, JobState, Oban};
use tokio::time::{self, Instant};

use crate::{files::Directory, hash::HashFile};

/// A bar on a terminal, a line now and then elsewhere.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let style =
            ProgressStyle::with_template("{wide_bar} {pos}/{len} files, {per_sec}, {eta} left  {msg}");
        let bar = ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar }
    }

    pub(crate) fn bar(&self) -> &ProgressBar {
        &self.bar
    }

    /// Tells something, above the bar.
    pub(crate) fn say(&self, line: &str) {
        self.bar.suspend(|| eprintln!("{line}"));
    }

    /// Returns when no job of the directory waits or runs, here or in another process.
    pub(crate) async fn follow(&self, oban: &Oban, directory: &Directory) -> anyhow::Result<()> {
        let files = directory.files.len() as u64;
        let unfinished = unfinished(directory);
        let mut spoken = Instant::now();
        let mut silence = Silence::default();
        self.bar.set_length(files);
        loop {
            let asked = Instant::now();
            let counts = oban.count_jobs(unfinished.clone()).await?;
            let left: u64 = counts.iter().map(|count| count.count).sum();
            self.bar.set_position(files.saturating_sub(left));
            self.bar.set_message(describe(&counts));
            if left == 0 {
                return Ok(());
            }
            if self.bar.is_hidden() && spoken.elapsed() > LINE_EVERY {
                self.say(&format!("{left} of {files} files left, {}", describe(&counts)));
                spoken = Instant::now();
            }
            silence.explain(self, oban, &counts).await?;
            // Asking takes longer the more jobs there are; it is to take a tenth of the time at most.
            time::sleep((asked.elapsed() * 9).max(SHORTEST_PAUSE)).await;
        }
    }

    /// Leaves the terminal as it was.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Tells, once, why nothing happens while other processes hold all the jobs that are left.
#[derive(Debug, Default)]
struct Silence {
    since: Option<Instant>,
    is_explained: bool,
}

impl Silence {
    async fn explain(&mut self, progress: &Progress, oban: &Oban, counts: &[JobCount]) -> anyhow::Result<()> {
        let is_idle = counts.iter().all(|count| count.state == JobState::Executing)
            && oban.check_queue("files").await?.running.is_empty();
        self.since = self.since.or(Some(Instant::now())).filter(|_| is_idle);
        if !self.is_explained && self.since.is_some_and(|since| since.elapsed() > SILENCE) {
            self.is_explained = true;
            progress.say(
                "another process has the jobs that are left; the jobs of a process that died come back in a few seconds",
            );
        }
        Ok(())
    }
}

const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LINE_EVERY: Duration = Duration::from_secs(2);
const SILENCE: Duration = Duration::from_secs(1);

fn unfinished(directory: &Directory) -> JobFilter {
    let all = JobFilter::worker(HashFile::WORKER).tag(&directory.tag);
    JobState::ALL.into_iter().filter(|state| !state.is_final()).fold(all, JobFilter::state)
}

fn describe(counts: &[JobCount]) -> String {
    let of = |state| counts.iter().filter(|count| count.state == state).map(|count| count.count).sum();
    let (running, retrying): (u64, u64) = (of(JobState::Executing), of(JobState::Retryable));
    format!("{running} running, {retrying} to retry")
}
