//! Random operations do to the database what they do to the reference engine.

use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use oban_core::{
    Ack, Clock, Engine, Fetch, Finish, Job, JobChanges, JobFilter, JobState, NewJob, Prune, QueueMeta,
    QueueSpec, Rescue, Stage, Touched,
};
use oban_postgres::Postgres;
use oban_testing::Memory;
use proptest::{
    arbitrary::any,
    collection::vec,
    option, prop_oneof, proptest,
    strategy::Strategy,
    test_runner::{Config, FileFailurePersistence},
};
use serde_json::{Value, json};

use crate::support::Database;

#[derive(Clone, Debug)]
enum Step {
    Insert { queue: u8, priority: i32, max_attempts: u32, delay: Option<u64>, count: u8 },
    Register { queue: u8 },
    Unregister { producer: usize },
    Refresh { producer: usize },
    Fetch { producer: usize, demand: usize, acks: Vec<(usize, u8)> },
    Ack { acks: Vec<(usize, u8)> },
    Reclaim { producer: usize, running: usize },
    Stage { limit: usize },
    Rescue { limit: usize },
    Prune,
    Cancel(JobFilter),
    Retry(JobFilter),
    Delete(JobFilter),
    Update(JobFilter, u8),
    Advance { seconds: i64 },
}

fn filter() -> impl Strategy<Value = JobFilter> {
    prop_oneof![
        (1_i64..40).prop_map(JobFilter::id),
        vec(1_i64..40, 0..20).prop_map(JobFilter::ids),
        (0_u8..3, 1_usize..6).prop_map(|(queue, limit)| JobFilter::queue(format!("q{queue}")).limit(limit)),
        (0..JobState::ALL.len())
            .prop_map(|state| JobFilter::worker("Greet").tag("p1").state(JobState::ALL[state])),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let acks = || vec((any::<usize>(), any::<u8>()), 0..4);
    prop_oneof![
        4 => (0_u8..3, 0..3, 1_u32..4, option::of(0_u64..120), 1_u8..6).prop_map(
            |(queue, priority, max_attempts, delay, count)| Step::Insert { queue, priority, max_attempts, delay, count }
        ),
        1 => (0_u8..3).prop_map(|queue| Step::Register { queue }),
        1 => any::<usize>().prop_map(|producer| Step::Unregister { producer }),
        1 => any::<usize>().prop_map(|producer| Step::Refresh { producer }),
        5 => (any::<usize>(), 0_usize..5, acks())
            .prop_map(|(producer, demand, acks)| Step::Fetch { producer, demand, acks }),
        3 => acks().prop_map(|acks| Step::Ack { acks }),
        1 => (any::<usize>(), 0_usize..4).prop_map(|(producer, running)| Step::Reclaim { producer, running }),
        2 => (0_usize..10).prop_map(|limit| Step::Stage { limit }),
        2 => (0_usize..10).prop_map(|limit| Step::Rescue { limit }),
        1 => any::<bool>().prop_map(|_| Step::Prune),
        1 => filter().prop_map(Step::Cancel),
        2 => filter().prop_map(Step::Retry),
        1 => filter().prop_map(Step::Delete),
        2 => (filter(), any::<u8>()).prop_map(|(filter, kind)| Step::Update(filter, kind)),
        2 => (0_i64..100).prop_map(|seconds| Step::Advance { seconds }),
    ]
}

proptest! {
    #![proptest_config(Config {
        cases: 24,
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        max_shrink_iters: 200,
        ..Config::default()
    })]

    #[test]
    fn agrees_with_the_reference(steps in vec(step(), 60..120)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(compare(steps));
    }
}

async fn compare(steps: Vec<Step>) {
    let database = Database::migrated().await;
    let clock = Clock::pinned(DateTime::from_timestamp(1_772_366_400, 123_457_000).unwrap());
    let memory = Memory::with_clock(clock.clone());
    let postgres = Postgres::new(database.pool()).clock(clock.clone());
    let mut sides = [Side::new(&memory), Side::new(&postgres)];
    for queue in 0..3 {
        for side in &mut sides {
            side.take(&Step::Register { queue }).await;
        }
    }
    for step in &steps {
        if let Step::Advance { seconds } = step {
            clock.advance(TimeDelta::seconds(*seconds));
        }
        let reference = sides[0].take(step).await;
        assert_eq!(sides[1].take(step).await, reference, "the answer to {step:?}");
        assert_eq!(sides[1].all().await, sides[0].all().await, "the jobs after {step:?}");
    }
}

/// An engine, its producers, and every execution it ever started.
struct Side<'a> {
    engine: &'a dyn Engine,
    producers: Vec<QueueMeta>,
    executions: Vec<Job>,
}

impl<'a> Side<'a> {
    fn new(engine: &'a dyn Engine) -> Self {
        Self { engine, producers: Vec::new(), executions: Vec::new() }
    }

    async fn take(&mut self, step: &Step) -> Value {
        let engine = self.engine;
        match step.clone() {
            Step::Insert { queue, priority, max_attempts, delay, count } => {
                let mut job = NewJob::new("Greet", json!({"n": count})).queue(format!("q{queue}"));
                job = job.priority(priority).max_attempts(max_attempts).tag(format!("p{priority}"));
                if let Some(delay) = delay {
                    job = job.schedule_in(Duration::from_secs(delay));
                }
                let jobs = vec![job; usize::from(count)];
                let inserted = engine.insert_jobs(None, jobs).await.unwrap();
                self.jobs(inserted.into_iter().map(|inserted| inserted.job).collect())
            }
            Step::Register { queue } => {
                let (instance, node, queue) = ("Oban".to_owned(), "web.1".to_owned(), format!("q{queue}"));
                let spec = QueueSpec { instance, node, queue, limit: 10, paused: false };
                self.producers.push(engine.init_queue(&spec).await.unwrap());
                Value::Null
            }
            Step::Unregister { producer } => {
                engine.shutdown_queue(self.producer(producer)).await.unwrap();
                Value::Null
            }
            Step::Refresh { producer } => {
                engine.refresh_queues(std::slice::from_ref(self.producer(producer))).await.unwrap();
                Value::Null
            }
            Step::Fetch { producer, demand, acks } => {
                let acks = self.acks(&acks);
                let fetch = Fetch { queue: self.producer(producer), demand, acks: &acks };
                let mut fetched = engine.fetch_jobs(fetch).await.unwrap();
                self.executions.extend(fetched.jobs.iter().cloned());
                fetched.acked.sort();
                json!([fetched.acked, self.jobs(fetched.jobs)])
            }
            Step::Ack { acks } => {
                let mut acked = engine.ack_jobs(&self.acks(&acks)).await.unwrap();
                acked.sort();
                json!(acked)
            }
            Step::Reclaim { producer, running } => {
                let ids: Vec<_> = self.executions.iter().rev().take(running).map(|job| job.id).collect();
                touched(engine.reclaim_jobs(self.producer(producer), &ids).await.unwrap())
            }
            Step::Stage { limit } => {
                let queues = ["q0".to_owned(), "q2".to_owned(), "q9".to_owned()];
                let staged = engine.stage_jobs(Stage { limit, queues: &queues }).await.unwrap();
                json!([touched(staged.jobs), staged.queues])
            }
            Step::Rescue { limit } => {
                let (stale_after, rescue_after) = (Duration::from_secs(60), Duration::from_secs(300));
                touched(engine.rescue_jobs(Rescue { stale_after, rescue_after, limit }).await.unwrap())
            }
            Step::Prune => {
                let prune = Prune {
                    completed_after: Some(Duration::from_secs(60)),
                    cancelled_after: Some(Duration::from_secs(120)),
                    discarded_after: None,
                    limit: 1_000,
                };
                touched(engine.prune_jobs(prune).await.unwrap())
            }
            Step::Cancel(filter) => touched(engine.cancel_jobs(&filter).await.unwrap()),
            Step::Retry(filter) => touched(engine.retry_jobs(&filter).await.unwrap()),
            Step::Delete(filter) => touched(engine.delete_jobs(&filter).await.unwrap()),
            Step::Update(filter, kind) => {
                let updated = engine.update_jobs(&filter, &changes(kind)).await.unwrap();
                self.jobs(updated)
            }
            Step::Advance { .. } => json!(count(engine).await),
        }
    }

    async fn all(&self) -> Value {
        self.jobs(self.engine.list_jobs(&JobFilter::all()).await.unwrap())
    }

    fn producer(&self, number: usize) -> &QueueMeta {
        &self.producers[number % self.producers.len()]
    }

    /// Outcomes of executions old and new, at most one for each job.
    fn acks(&self, chosen: &[(usize, u8)]) -> Vec<Ack> {
        let mut acks: Vec<Ack> = Vec::new();
        for (number, finish) in chosen.iter().filter(|_| !self.executions.is_empty()) {
            // Mostly recent ones.
            let back = number % self.executions.len().min(12);
            let job = &self.executions[self.executions.len() - 1 - back];
            if acks.iter().all(|ack| ack.id != job.id) {
                acks.push(Ack::of(job, outcome(*finish)));
            }
        }
        acks
    }

    /// Jobs as JSON, with the numbers of producers in place of their random ids.
    fn jobs(&self, jobs: Vec<Job>) -> Value {
        let named = jobs.into_iter().map(|mut job| {
            for id in job.attempted_by.iter_mut().skip(1) {
                let number = self.producers.iter().position(|meta| meta.uuid.to_string() == *id);
                *id = format!("{number:?}");
            }
            job
        });
        json!(named.collect::<Vec<Job>>())
    }
}

fn outcome(kind: u8) -> Finish {
    let (delay, error) = (Duration::from_millis(u64::from(kind) * 500), format!("error {kind}"));
    match kind % 7 {
        0 => Finish::Complete { recorded: None },
        1 => Finish::record(&json!({"kind": kind})),
        2 => Finish::Retry { delay, error },
        3 => Finish::Discard { error },
        4 => Finish::Cancel { error },
        5 => Finish::Snooze { delay },
        _ => Finish::HandBack,
    }
}

fn changes(kind: u8) -> JobChanges {
    let changes = JobChanges::default();
    match kind % 5 {
        0 => changes.args(json!({"kind": kind})).meta(json!({"new": true})),
        1 => changes.queue("q1").worker("Other").tags(["p1", "new"]),
        2 => changes.priority(2).max_attempts(u32::from(kind) % 4 + 1),
        3 => changes.schedule_in(Duration::from_secs(kind.into())),
        _ => changes.schedule_at(DateTime::from_timestamp(1_772_366_400, 0).unwrap()),
    }
}

fn touched(mut touched: Vec<Touched>) -> Value {
    touched.sort_by_key(|touched| touched.id);
    json!(format!("{touched:?}"))
}

async fn count(engine: &dyn Engine) -> String {
    format!("{:?}", engine.count_jobs(&JobFilter::all()).await.unwrap())
}
