use std::time::Duration;

use oban_core::{Finish, Job, JobChanges, JobId, JobState, NewJob, Schedule, Touched};
use proptest::{
    arbitrary::any as arbitrary,
    bool,
    collection::{btree_map, vec},
    option, prop_oneof,
    sample::select,
    strategy::{Just, Strategy},
};
use serde_json::{Map, Value, json};

/// One thing that happens to a store.
///
/// Jobs and executions are named by how long ago they came to be, counted around, so that every
/// step means something in every history, also in one that is being shrunk.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Time passes, by so many seconds.
    Advance(u32),
    Insert(Vec<NewJob>),
    Fetch {
        producer: usize,
        demand: usize,
        acks: Vec<(usize, Finish)>,
    },
    Ack(Vec<(usize, Finish)>),
    /// The producer still runs these executions.
    Reclaim {
        producer: usize,
        running: Vec<usize>,
    },
    Stage {
        limit: usize,
    },
    Rescue,
    Prune,
    Cancel(Choice),
    Retry(Choice),
    Delete(Choice),
    Update(Choice, JobChanges),
    /// The producer's heart beats.
    Beat {
        producer: usize,
    },
    /// The producer unregisters.
    Leave {
        producer: usize,
    },
    Pause {
        producer: usize,
        paused: bool,
    },
}

/// Selects jobs.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) jobs: Option<Vec<usize>>,
    pub(super) states: Vec<JobState>,
    pub(super) queue: Option<&'static str>,
    pub(super) limit: Option<usize>,
}

/// What an engine says to a step. Jobs are numbered by their insertion, from 1.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Answer {
    pub(super) jobs: Vec<Job>,
    /// Sorted: the order is the engine's.
    pub(super) touched: Vec<Touched>,
    /// Sorted.
    pub(super) acked: Vec<JobId>,
}

/// Node and queue of each producer.
pub(super) const PRODUCERS: [(&str, &str); 3] = [("web.1", "a"), ("web.2", "a"), ("web.2", "b")];

/// Ages end in half a second while time passes in whole ones: no step hits a limit exactly, where
/// engines may differ.
pub(super) const STALE_AFTER: Duration = Duration::from_millis(60_500);
pub(super) const RESCUE_AFTER: Duration = Duration::from_millis(200_500);
pub(super) const COMPLETED_AFTER: Duration = Duration::from_millis(30_500);
pub(super) const CANCELLED_AFTER: Duration = Duration::from_millis(60_500);
pub(super) const DISCARDED_AFTER: Duration = Duration::from_millis(90_500);

pub(super) fn any() -> impl Strategy<Value = Step> {
    let producer = 0..PRODUCERS.len();
    prop_oneof![
        6 => (0_u32..50).prop_map(Step::Advance),
        6 => vec(new_job(), 0..6).prop_map(Step::Insert),
        9 => (producer.clone(), 0_usize..6, acks())
            .prop_map(|(producer, demand, acks)| Step::Fetch { producer, demand, acks }),
        6 => acks().prop_map(Step::Ack),
        2 => (producer.clone(), vec(0_usize..6, 0..3))
            .prop_map(|(producer, running)| Step::Reclaim { producer, running }),
        6 => (0_usize..9).prop_map(|limit| Step::Stage { limit }),
        3 => Just(Step::Rescue),
        2 => Just(Step::Prune),
        2 => choice().prop_map(Step::Cancel),
        2 => choice().prop_map(Step::Retry),
        1 => choice().prop_map(Step::Delete),
        2 => (choice(), changes()).prop_map(|(choice, changes)| Step::Update(choice, changes)),
        4 => producer.clone().prop_map(|producer| Step::Beat { producer }),
        1 => producer.clone().prop_map(|producer| Step::Leave { producer }),
        1 => (producer, bool::ANY).prop_map(|(producer, paused)| Step::Pause { producer, paused }),
    ]
}

fn new_job() -> impl Strategy<Value = NewJob> {
    let meta = select(vec![json!({}), json!({"snoozed": 3}), json!({"interrupted": "x", "rescued": null})]);
    (queue(), 0..3, 1_u32..4, option::weighted(0.3, 0_u64..40), meta).prop_map(
        |(queue, priority, max_attempts, delay, meta)| {
            let job = NewJob::new("Greet", json!({"queue": queue}));
            let job = job.queue(queue).priority(priority).max_attempts(max_attempts).meta(meta);
            match delay {
                Some(seconds) => job.schedule_in(Duration::from_secs(seconds)),
                None => job,
            }
        },
    )
}

fn queue() -> impl Strategy<Value = &'static str> {
    select(vec!["a", "b"])
}

/// Mostly of recent executions, which may yet run.
fn acks() -> impl Strategy<Value = Vec<(usize, Finish)>> {
    vec((0_usize..9, finish()), 0..4)
}

fn finish() -> impl Strategy<Value = Finish> {
    let delay = (0_u64..40).prop_map(Duration::from_secs);
    prop_oneof![
        Just(Finish::Complete { recorded: None }),
        arbitrary::<i64>().prop_map(|number| Finish::record(&json!(number))),
        delay.clone().prop_map(|delay| Finish::Retry { delay, error: "oops".to_owned() }),
        Just(Finish::Discard { error: "never".to_owned() }),
        Just(Finish::Cancel { error: "enough".to_owned() }),
        (delay, note()).prop_map(|(delay, meta)| Finish::Snooze { delay, meta }),
        Just(Finish::HandBack),
        Just(Finish::Return),
    ]
}

/// What a snooze leaves in the meta: often nothing, and else what has to replace what was there whole.
fn note() -> impl Strategy<Value = Map<String, Value>> {
    let value = prop_oneof![
        Just(json!(null)),
        Just(json!({"a": null})),
        arbitrary::<i64>().prop_map(|n| json!({"b": n}))
    ];
    btree_map(select(vec!["page", "it's \"quoted\""]), value, 0..3)
        .prop_map(|note| note.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn choice() -> impl Strategy<Value = Choice> {
    let jobs = option::weighted(0.7, vec(0_usize..20, 0..6));
    let states = vec(select(JobState::ALL.to_vec()), 0..3);
    (jobs, states, option::weighted(0.3, queue()), option::weighted(0.3, 0_usize..4))
        .prop_map(|(jobs, states, queue, limit)| Choice { jobs, states, queue, limit })
}

fn changes() -> impl Strategy<Value = JobChanges> {
    let schedule = prop_oneof![
        3 => Just(None),
        1 => Just(Some(Schedule::Now)),
        2 => (0_u64..40)
            .prop_map(|seconds| JobChanges::default().schedule_in(Duration::from_secs(seconds)).schedule),
    ];
    (option::of(queue()), option::of(0..3), option::of(1_u32..4), schedule).prop_map(
        |(queue, priority, max_attempts, schedule)| {
            let mut changes = JobChanges::default();
            changes.queue = queue.map(str::to_owned);
            changes.priority = priority;
            changes.max_attempts = max_attempts;
            changes.schedule = schedule;
            changes
        },
    )
}

/// The element so many places from the end, counted around.
pub(super) fn ago<T>(elements: &[T], back: usize) -> Option<&T> {
    elements.iter().rev().nth(back.checked_rem(elements.len())?)
}
