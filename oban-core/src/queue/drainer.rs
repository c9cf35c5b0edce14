mod stand;

use std::{
    collections::{HashMap, HashSet},
    panic,
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::{
    Drain, Drained, Executor, Ran,
    acker::Acker,
    drain::Waiting,
    run_here,
    slot::{Panic, Story},
};
use crate::{
    Ack, Engine, Error, ErrorKind, Fetch, Finish, Inspect, Job, JobFilter, JobId, JobState, QueueSpec,
    Result, engine::Traced, runtime::Supervisor,
};
use stand::Stand;

/// Runs the jobs of a queue in the task of whoever waits for it, one after the other.
///
/// To the store it is a producer like any other: it is registered, its heart beats, it owns what it fetches, and its
/// outcomes pass the fence. So it may run beside nodes that run the same queue. It calls the store where the services
/// live, as they do, and lets jobs run where it is awaited.
pub(crate) struct Drainer {
    stand: Stand,
    executor: Arc<Executor>,
    acker: Acker,
    stopping: CancellationToken,
    drained: Drained,
    /// Jobs that asked to be left to their time.
    snoozed: HashSet<JobId>,
}

/// Why a drain ends early.
enum End {
    Error(Error),
    Panic(Panic),
}

/// What is fetched with one call, so that none takes too long.
const FETCH_AT_MOST: usize = 1_000;

const OPERATION: &str = "drain_queue";

impl Drainer {
    pub(crate) async fn start(
        engine: Traced,
        supervisor: Supervisor,
        executor: Executor,
        stopping: CancellationToken,
        spec: QueueSpec,
        heartbeat: Duration,
    ) -> Result<Self> {
        let acker = Acker::new(engine.telemetry().clone());
        let stand = Stand::take(engine, supervisor, spec, heartbeat).await?;
        let executor = Arc::new(executor);
        let drained = Drained::default();
        Ok(Self { stand, executor, acker, stopping, drained, snoozed: HashSet::new() })
    }

    /// Drains. Dropped before its end, it hands back what it has fetched.
    pub(crate) async fn drain(mut self, drain: &Drain) -> Result<Drained> {
        let ended = self.run_all(drain).await;
        self.stand.leave().await;
        match ended {
            Ok(()) => Ok(self.drained),
            Err(End::Error(error)) => Err(error),
            Err(End::Panic(panic)) => panic::resume_unwind(panic),
        }
    }

    async fn run_all(&mut self, drain: &Drain) -> Result<(), End> {
        let mut left = drain.limit;
        loop {
            let jobs = self.gather(drain, left).await?;
            left -= jobs.len();
            let was_last = jobs.is_empty() || left == 0 || !drain.recursion;
            for job in jobs {
                if self.stopping.is_cancelled() {
                    return Err(Error::new(ErrorKind::Stopped, OPERATION, "this instance is stopping").into());
                }
                self.run(job, drain.safety).await?;
            }
            if was_last {
                return Ok(());
            }
        }
    }

    /// Fetches what is to run now, at most `limit` jobs, in the order to run them.
    async fn gather(&mut self, drain: &Drain, limit: usize) -> Result<Vec<Arc<Job>>> {
        let mut jobs = self.fetch(limit).await?;
        let due = self.release(drain, limit - jobs.len()).await?;
        if !due.is_empty() {
            jobs.extend(self.fetch(due.len()).await?);
            jobs.sort_by_key(|job| {
                let mut position = job.position();
                position.scheduled_at = due.get(&job.id).copied().unwrap_or(position.scheduled_at);
                position
            });
        }
        Ok(jobs)
    }

    async fn fetch(&mut self, limit: usize) -> Result<Vec<Arc<Job>>> {
        let mut jobs = Vec::new();
        while jobs.len() < limit {
            let demand = FETCH_AT_MOST.min(limit - jobs.len());
            let fetched = self.stand.call(move |engine, meta| async move {
                engine.fetch_jobs(Fetch { queue: &meta, demand, after: None, acks: &[] }).await
            });
            let fetched = fetched.await.inspect_err(|error| self.stand.doubt(error))?.jobs;
            let is_last = fetched.len() < demand;
            jobs.extend(fetched);
            if is_last {
                break;
            }
        }
        Ok(jobs)
    }

    /// Makes waiting jobs available, those that are due first, and tells when they were due.
    async fn release(&mut self, drain: &Drain, limit: usize) -> Result<HashMap<JobId, DateTime<Utc>>> {
        let until = match drain.waiting {
            Waiting::None => return Ok(HashMap::new()),
            Waiting::Due => self.stand.since(),
            Waiting::Until(at) => at,
            Waiting::All => DateTime::<Utc>::MAX_UTC,
        };
        let waits = || JobState::ALL.into_iter().filter(|state| waits(*state));
        let filter = waits().fold(JobFilter::queue(&drain.queue), JobFilter::state);
        let mut jobs = self.stand.call(|engine, _| async move { engine.list_jobs(&filter).await }).await?;
        jobs.retain(|job| job.scheduled_at <= until && !self.snoozed.contains(&job.id));
        jobs.sort_by_key(|job| (job.scheduled_at, job.id));
        jobs.truncate(limit);
        if jobs.is_empty() {
            return Ok(HashMap::new());
        }
        // By state as well: one that was cancelled or has run meanwhile must not run again.
        let filter = waits().fold(JobFilter::ids(jobs.iter().map(|job| job.id)), JobFilter::state);
        let touched = self.stand.call(|engine, _| async move { engine.retry_jobs(&filter).await }).await?;
        let released: HashSet<JobId> = touched.into_iter().map(|job| job.id).collect();
        jobs.retain(|job| released.contains(&job.id));
        Ok(jobs.into_iter().map(|job| (job.id, job.scheduled_at)).collect())
    }

    async fn run(&mut self, job: Arc<Job>, safety: bool) -> Result<(), End> {
        let Ran { ack, story, panic } = run_here(&self.executor, Arc::clone(&job)).await;
        let (finish, taken) = self.store(ack, story).await;
        self.drained.count(&finish, taken);
        match (&finish, panic) {
            (Finish::Snooze { .. }, _) => {
                self.snoozed.insert(job.id);
            }
            (_, Some(panic)) if !safety => return Err(End::Panic(panic)),
            (Finish::Retry { error, .. } | Finish::Discard { error }, None) if !safety => {
                return Err(failed(&job, error).into());
            }
            _ => {}
        }
        Ok(())
    }

    /// Offers an outcome until the store takes it. Returns it as it was stored, and whether it still counted.
    async fn store(&mut self, ack: Ack, story: Option<Box<Story>>) -> (Finish, bool) {
        self.acker.push(ack, story);
        let mut may_be_taken = false;
        loop {
            if let Some(at) = self.acker.wait() {
                tokio::time::sleep_until(at).await;
            }
            let batch = self.acker.take();
            let acks = batch.clone();
            let answer = self.stand.call(|engine, _| async move { engine.ack_jobs(&acks).await }).await;
            match (answer, batch.first()) {
                (Ok(taken), Some(ack)) => {
                    let is_taken = taken.contains(&ack.id) || (may_be_taken && self.is_stored(ack).await);
                    self.acker.settle(&batch, if is_taken { std::slice::from_ref(&ack.id) } else { &[] });
                    return (ack.finish.clone(), is_taken);
                }
                (Err(error), _) if error.kind() == ErrorKind::Invalid => {
                    self.acker.refuse(batch, &error);
                    self.acker.back_off(&error);
                }
                (Err(error), _) => {
                    may_be_taken |= error.is_transient();
                    self.acker.keep(batch);
                    self.acker.back_off(&error);
                }
                // One was pushed.
                (Ok(_), None) => return (Finish::HandBack, false),
            }
        }
    }

    /// Whether a row is as an outcome would have left it: an answer that got lost may have said so.
    async fn is_stored(&self, ack: &Ack) -> bool {
        let filter = JobFilter::id(ack.id).state(ack.finish.state());
        let answer = self.stand.call(|engine, _| async move { engine.list_jobs(&filter).await }).await;
        answer.is_ok_and(|jobs| jobs.iter().any(|job| job.attempted_at == ack.attempted_at))
    }
}

/// Whether jobs in this state wait for a time.
fn waits(state: JobState) -> bool {
    matches!(state, JobState::Scheduled | JobState::Retryable)
}

fn failed(job: &Job, error: &str) -> Error {
    Error::new(ErrorKind::Failed, OPERATION, error)
        .with_context("worker", &job.worker)
        .with_context("job", job.id)
        .with_context("attempt", job.attempt)
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}
