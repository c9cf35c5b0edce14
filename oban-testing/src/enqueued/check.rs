use std::time::Duration;

use oban_core::{Job, Subscription};
use tokio::time::{Instant, sleep};

use super::{Enqueued, Wanted, report};

/// Scheduled jobs are not announced, and hints may be lost.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The jobs that wait to run and are as wanted, newest first. See [`all_enqueued!`](crate::all_enqueued).
///
/// # Errors
/// What keeps it from looking, as a text.
pub async fn all_enqueued(source: &(impl Enqueued + ?Sized), wanted: &Wanted) -> Result<Vec<Job>, String> {
    let mut jobs = look(source, wanted).await?;
    jobs.retain(|job| wanted.differences(job).is_empty());
    Ok(jobs)
}

/// Waits for a job that is as wanted. See [`assert_enqueued!`](crate::assert_enqueued).
///
/// # Errors
/// What is there instead, as a text.
pub async fn assert_enqueued(source: &(impl Enqueued + ?Sized), wanted: &Wanted) -> Result<(), String> {
    let mut wait = Wait::new(source, wanted);
    loop {
        let jobs = look(source, wanted).await?;
        if jobs.iter().any(|job| wanted.differences(job).is_empty()) {
            return Ok(());
        }
        if !wait.is_worth_it().await {
            return Err(report::missing(wanted, &jobs));
        }
    }
}

/// Waits as long as is said, and no job is as wanted. See [`refute_enqueued!`](crate::refute_enqueued).
///
/// # Errors
/// Such jobs, as a text.
pub async fn refute_enqueued(source: &(impl Enqueued + ?Sized), wanted: &Wanted) -> Result<(), String> {
    let mut wait = Wait::new(source, wanted);
    loop {
        let jobs = look(source, wanted).await?;
        let found: Vec<&Job> = jobs.iter().filter(|job| wanted.differences(job).is_empty()).collect();
        if !found.is_empty() {
            return Err(report::unwanted(wanted, &found));
        }
        if !wait.is_worth_it().await {
            return Ok(());
        }
    }
}

async fn look(source: &(impl Enqueued + ?Sized), wanted: &Wanted) -> Result<Vec<Job>, String> {
    if !wanted.problems.is_empty() {
        return Err(wanted.problems.join("; "));
    }
    source.enqueued().await.map_err(|error| format!("the jobs cannot be read: {error}"))
}

/// The time between two looks.
struct Wait {
    ends: Instant,
    hints: Option<Subscription>,
}

impl Wait {
    fn new(source: &(impl Enqueued + ?Sized), wanted: &Wanted) -> Self {
        let hints = if wanted.timeout.is_zero() { None } else { source.hints() };
        let now = Instant::now();
        // One too far to name is as good as for ever.
        let ends = now.checked_add(wanted.timeout).unwrap_or(now + Duration::from_secs(365 * 24 * 60 * 60));
        Self { ends, hints }
    }

    /// Waits until a new look may find more; `false` when none will.
    async fn is_worth_it(&mut self) -> bool {
        let Some(hints) = &mut self.hints else { return false };
        if Instant::now() >= self.ends {
            return false;
        }
        tokio::select! {
            Some(_) = hints.next() => {}
            () = sleep(LOOK_EVERY) => {}
        }
        true
    }
}
