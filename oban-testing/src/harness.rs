use std::{borrow::Borrow, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use oban_core::{
    Ack, Channel, Clock, Engine, Fetch, Finish, Job, JobFilter, JobId, JobState, NewJob, Period, Prune,
    QueueMeta, QueueSpec, Rescue, Schedule, Stage, Staged, Touched,
};
use serde_json::json;

use crate::{Ear, Fixture};

/// What a case of the conformance suite works with: two nodes on one empty store, and their clock.
#[derive(Debug)]
pub struct Harness {
    /// The first node's engine.
    pub engine: Arc<dyn Engine>,
    /// Another node's engine on the same store.
    pub other: Arc<dyn Engine>,
    /// The pinned time both work by.
    pub clock: Clock,
}

impl Harness {
    pub(crate) fn new(fixture: Fixture, clock: Clock) -> Self {
        Self { engine: fixture.engine, other: fixture.other, clock }
    }

    /// The store's time.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now().expect("the clock of a harness is pinned")
    }

    /// Lets time pass, e.g. `"90s"`.
    pub fn advance(&self, period: &str) {
        self.clock.advance(delta(period));
    }

    /// Stores one job.
    pub async fn insert(&self, job: NewJob) -> Job {
        self.insert_all([job]).await.remove(0)
    }

    /// Stores jobs in one call.
    pub async fn insert_all(&self, jobs: impl IntoIterator<Item = NewJob>) -> Vec<Job> {
        let inserted = self.engine.insert_jobs(None, jobs.into_iter().collect()).await.unwrap();
        inserted.into_iter().map(|inserted| inserted.job).collect()
    }

    /// Registers a producer of the first node.
    pub async fn producer(&self, queue: &str) -> QueueMeta {
        self.engine.init_queue(&spec("web.1", queue)).await.unwrap()
    }

    /// Registers a producer of the other node.
    pub async fn other_producer(&self, queue: &str) -> QueueMeta {
        self.other.init_queue(&spec("web.2", queue)).await.unwrap()
    }

    /// Fetches up to `demand` jobs.
    pub async fn fetch(&self, producer: &QueueMeta, demand: usize) -> Vec<Job> {
        let fetch = Fetch { queue: producer, demand, after: None, acks: &[] };
        let fetched = self.engine.fetch_jobs(fetch).await.unwrap();
        fetched.jobs.into_iter().map(Arc::unwrap_or_clone).collect()
    }

    /// Stores a job and fetches it by a producer of its own.
    pub async fn execute(&self, job: NewJob) -> Job {
        let stored = self.insert(job).await;
        let producer = self.producer(&stored.queue).await;
        let mut fetched = self.fetch(&producer, 1).await;
        assert_eq!(ids(&fetched), [stored.id], "the job just inserted is the only one to fetch");
        fetched.remove(0)
    }

    /// Finishes an execution; whether the store took it.
    pub async fn ack(&self, job: &Job, finish: Finish) -> bool {
        match self.engine.ack_jobs(&[Ack::of(job, finish)]).await.unwrap()[..] {
            [] => false,
            [id] if id == job.id => true,
            ref other => panic!("one ack of {} was answered with {other:?}", job.id),
        }
    }

    /// Stores, executes and finishes a job, and reads it back.
    pub async fn finished(&self, job: NewJob, finish: Finish) -> Job {
        let running = self.execute(job).await;
        assert!(self.ack(&running, finish).await, "the first ack of an execution is taken");
        self.read(running.id).await
    }

    /// Brings a job into a state, in the queue of that name. There is no way into `suspended`.
    pub async fn job_in(&self, state: JobState) -> Job {
        let new = job().queue(state.as_str());
        let delay = Duration::from_secs(600);
        match state {
            JobState::Suspended => panic!("no call suspends a job"),
            JobState::Scheduled => self.insert(new.schedule_in("10m")).await,
            JobState::Available => self.insert(new).await,
            JobState::Executing => self.execute(new).await,
            JobState::Retryable => self.finished(new, Finish::Retry { delay, error: "oops".into() }).await,
            JobState::Completed => self.finished(new, Finish::Complete { recorded: None }).await,
            JobState::Discarded => self.finished(new, Finish::Discard { error: "never".into() }).await,
            JobState::Cancelled => self.finished(new, Finish::Cancel { error: "enough".into() }).await,
        }
    }

    /// Stores one job that meets every condition of the filter returned, and others that each miss one.
    pub(crate) async fn one_among_many(&self) -> (Job, JobFilter) {
        let wanted = || job().queue("a").tag("x").tag("y").schedule_in("1h");
        let mut misses_the_worker = wanted();
        misses_the_worker.worker = "Other".to_owned();
        let mut misses_the_state = wanted();
        misses_the_state.schedule = Schedule::Now;
        let mut misses_a_tag = wanted();
        misses_a_tag.tags = vec!["y".to_owned(), "xy".to_owned()];
        let misses_the_queue = wanted().queue("b");
        let others = [misses_the_worker, misses_the_state, misses_a_tag, misses_the_queue];
        let stored = self.insert_all(others.into_iter().chain([wanted()])).await;
        let filter = JobFilter::worker("Greet").in_queue("a").tag("y").tag("x").state(JobState::Scheduled);
        (stored[4].clone(), filter)
    }

    /// The row as it is stored now.
    pub async fn read(&self, id: JobId) -> Job {
        self.find(id).await.unwrap_or_else(|| panic!("job {id} is gone"))
    }

    /// The row as it is stored now, if it is.
    pub async fn find(&self, id: JobId) -> Option<Job> {
        let mut jobs = self.engine.list_jobs(&JobFilter::id(id)).await.unwrap();
        assert!(jobs.len() <= 1, "an id names one row: {jobs:?}");
        jobs.pop()
    }

    /// Stages what is due, however much it is.
    pub async fn stage(&self) -> Staged {
        self.engine.stage_jobs(Stage { limit: 100_000, queues: &[] }).await.unwrap()
    }

    /// Rescues with a heartbeat that goes stale in a minute, and by age after an hour.
    pub async fn rescue(&self) -> Vec<Touched> {
        self.engine.rescue_jobs(rescue(100_000)).await.unwrap()
    }

    /// Prunes completed jobs after a minute, cancelled ones after an hour, discarded ones after a day.
    pub async fn prune(&self) -> Vec<Touched> {
        self.engine.prune_jobs(prune(100_000)).await.unwrap()
    }

    /// Listens to a channel at the first node.
    pub async fn ear(&self, channel: Channel) -> Ear {
        Ear::new(Arc::clone(&self.engine), channel).await
    }

    /// Listens to a channel at the other node.
    pub async fn other_ear(&self, channel: Channel) -> Ear {
        Ear::new(Arc::clone(&self.other), channel).await
    }
}

/// A job with nothing special about it.
pub(crate) fn job() -> NewJob {
    NewJob::new("Greet", json!({"name": "Ada"}))
}

pub(crate) fn spec(node: &str, queue: &str) -> QueueSpec {
    let (instance, node, queue) = ("Oban".to_owned(), node.to_owned(), queue.to_owned());
    QueueSpec { instance, node, queue, limit: 10, paused: false }
}

/// The rescue of [`Harness::rescue`] with a limit.
pub(crate) fn rescue(limit: usize) -> Rescue {
    Rescue { stale_after: Duration::from_secs(60), rescue_after: Duration::from_secs(3600), limit }
}

/// The pruning of [`Harness::prune`] with a limit.
pub(crate) fn prune(limit: usize) -> Prune {
    Prune {
        completed_after: Some(Duration::from_secs(60)),
        cancelled_after: Some(Duration::from_secs(3600)),
        discarded_after: Some(Duration::from_secs(86_400)),
        limit,
    }
}

pub(crate) fn delta(period: &str) -> TimeDelta {
    let period = Period::try_from(period).unwrap_or_else(|error| panic!("{error}"));
    TimeDelta::from_std(period.as_duration()).unwrap()
}

/// The ids of jobs, in their order.
pub(crate) fn ids(jobs: &[impl Borrow<Job>]) -> Vec<JobId> {
    jobs.iter().map(|job| job.borrow().id).collect()
}

/// The ids of touched jobs, sorted: bulk operations answer in any order.
pub(crate) fn touched_ids(touched: &[Touched]) -> Vec<JobId> {
    let mut ids: Vec<JobId> = touched.iter().map(|touched| touched.id).collect();
    ids.sort();
    ids
}
