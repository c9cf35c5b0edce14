//! What a queue of quick jobs reads ahead, in virtual time, in which quick jobs take none.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::{collections::BTreeSet, time::Duration};

use oban_core::{
    Context, Inspect, Job, JobArgs, JobFilter, JobId, JobState, NewJob, Oban, Outcome, Performed,
    QueueOptions, Worker,
};
use oban_testing::Memory;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::{sleep, timeout},
};

/// Says that it started, and takes so long.
#[derive(Serialize, Deserialize)]
struct Nap {
    millis: u64,
}

struct Started(UnboundedSender<JobId>);

type Starts = UnboundedReceiver<JobId>;

impl JobArgs for Nap {
    const WORKER: &'static str = "Nap";
}

impl Worker<Started> for Nap {
    async fn perform(self, ctx: Context<Started>) -> Performed {
        ctx.state().0.send(ctx.job().id)?;
        if self.millis > 0 {
            sleep(Duration::from_millis(self.millis)).await;
        }
        Ok(Outcome::Complete)
    }
}

async fn node(memory: &Memory, name: &str, queue: impl Into<QueueOptions>) -> (Oban, Starts) {
    let (sender, starts) = unbounded_channel();
    let node = Oban::builder(memory.clone()).node(name).state(Started(sender)).worker::<Nap>();
    (node.shutdown_grace_period("10ms").queue("default", queue).start().await.unwrap(), starts)
}

async fn insert(memory: &Memory, naps: impl IntoIterator<Item = u64>) -> Vec<JobId> {
    use oban_core::Engine;
    let jobs: Vec<NewJob> = naps.into_iter().map(|millis| Nap { millis }.into_job()).collect();
    memory.insert_jobs(None, jobs).await.unwrap().iter().map(|job| job.id).collect()
}

async fn jobs(memory: &Memory, state: JobState) -> Vec<Job> {
    memory.list_jobs(&JobFilter::all().state(state)).await.unwrap()
}

fn ids(jobs: &[Job]) -> Vec<JobId> {
    jobs.iter().map(|job| job.id).collect()
}

/// Thirty quick jobs, then twenty that take `millis` each; a node with one slot that has just begun the first of these.
async fn behind_a_slow_job(millis: u64) -> (Memory, Oban, Starts, Vec<JobId>) {
    let memory = Memory::new();
    let all = insert(&memory, (0..50).map(|number| if number < 30 { 0 } else { millis })).await;
    let (oban, mut starts) = node(&memory, "one", 1).await;
    for id in &all[..31] {
        assert_eq!(starts.recv().await, Some(*id));
    }
    assert_eq!(ids(&jobs(&memory, JobState::Executing).await), all[30..], "it has read ahead");
    assert_eq!(oban.check_queue("default").await.unwrap().running, [all[30]], "and runs one");
    (memory, oban, starts, all[30..].to_vec())
}

/// As if they had never been fetched.
fn are_untouched(jobs: &[Job]) {
    assert!(
        jobs.iter().all(|job| job.attempt == 0 && job.meta.is_empty() && job.errors.is_empty()),
        "{jobs:?}"
    );
}

const HOUR: u64 = 3_600_000;

#[tokio::test(start_paused = true)]
async fn gives_back_what_waits_behind_a_slow_job() {
    let (memory, oban, _starts, slow) = behind_a_slow_job(HOUR).await;
    let (other, mut others) = node(&memory, "other", 5).await;
    for id in &slow[1..6] {
        let told = timeout(Duration::from_millis(500), others.recv());
        assert_eq!(told.await, Ok(Some(*id)), "told before it looks for itself");
    }
    assert_eq!(ids(&jobs(&memory, JobState::Executing).await), slow[..6]);
    let waiting = jobs(&memory, JobState::Available).await;
    assert_eq!(ids(&waiting), slow[6..]);
    are_untouched(&waiting);
    oban.stop().await.unwrap();
    other.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn runs_soon_what_waits_behind_a_job_that_is_less_slow() {
    let (memory, oban, mut starts, slow) = behind_a_slow_job(5).await;
    for id in &slow[1..] {
        assert_eq!(starts.recv().await, Some(*id));
    }
    oban.stop().await.unwrap();
    assert_eq!(jobs(&memory, JobState::Completed).await.len(), 50);
}

#[tokio::test(start_paused = true)]
async fn gives_all_back_at_a_pause() {
    let (memory, oban, mut starts, slow) = behind_a_slow_job(5).await;
    oban.pause_queue("default").await.unwrap();
    sleep(Duration::from_secs(1)).await;
    assert!(starts.try_recv().is_err(), "the queue is paused");
    let waiting = jobs(&memory, JobState::Available).await;
    assert_eq!(ids(&waiting), slow[1..]);
    are_untouched(&waiting);
    oban.resume_queue("default").await.unwrap();
    for id in &slow[1..] {
        assert_eq!(starts.recv().await, Some(*id));
    }
    oban.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn gives_all_back_at_a_stop() {
    let (memory, oban, mut starts, slow) = behind_a_slow_job(HOUR).await;
    oban.stop().await.unwrap();
    assert!(starts.try_recv().is_err(), "it stops");
    let waiting = jobs(&memory, JobState::Available).await;
    assert_eq!(ids(&waiting), slow, "the one that ran is handed back too");
    are_untouched(&waiting[1..]);
}

#[tokio::test(start_paused = true)]
async fn never_runs_a_job_that_was_cancelled_before_its_turn() {
    let (memory, oban, mut starts, slow) = behind_a_slow_job(5).await;
    oban.cancel_all(JobFilter::ids(slow[1..19].to_vec())).await.unwrap();
    assert_eq!(starts.recv().await, Some(slow[19]), "the last was not cancelled");
    sleep(Duration::from_secs(1)).await;
    assert!(starts.try_recv().is_err());
    assert_eq!(ids(&jobs(&memory, JobState::Cancelled).await), slow[1..19]);
    oban.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn takes_no_more_than_it_runs_of_jobs_that_take_their_time() {
    let memory = Memory::new();
    insert(&memory, [2; 100]).await;
    let (oban, mut starts) = node(&memory, "one", 5).await;
    for _ in 0..100 {
        starts.recv().await.unwrap();
        assert!(jobs(&memory, JobState::Executing).await.len() <= 5);
    }
    oban.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn takes_no_more_than_it_runs_if_told_so() {
    let memory = Memory::new();
    insert(&memory, [0; 100]).await;
    let (oban, mut starts) = node(&memory, "one", QueueOptions::limit(5).without_read_ahead()).await;
    for _ in 0..100 {
        starts.recv().await.unwrap();
        assert!(jobs(&memory, JobState::Executing).await.len() <= 5);
    }
    oban.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_audit_leaves_alone_what_was_read_ahead() {
    const JOBS: usize = 45_000;
    let memory = Memory::new();
    insert(&memory, std::iter::repeat_n(1, JOBS)).await;
    // Two audits long.
    let (oban, mut starts) = node(&memory, "one", 1).await;
    let mut started = BTreeSet::new();
    for _ in 0..JOBS {
        assert!(started.insert(starts.recv().await.unwrap()), "it ran twice");
    }
    oban.stop().await.unwrap();
    assert_eq!(jobs(&memory, JobState::Completed).await.len(), JOBS);
}
