use std::{sync::Arc, time::Duration};

use oban_core::{
    Channel, Finish, Inserted, Job, JobChanges, JobFilter, JobState, NewJob, Replace, ReplaceField,
    UNIQUE_KEY, Unique, UniqueField, UniqueStates, UniqueTimestamp,
};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{Harness, harness::job};

async fn insert_each(h: &Harness, jobs: impl IntoIterator<Item = NewJob>) -> Vec<Inserted> {
    h.engine.insert_jobs(None, jobs.into_iter().collect()).await.unwrap()
}

async fn insert_one(h: &Harness, job: NewJob) -> Inserted {
    insert_each(h, [job]).await.remove(0)
}

/// Whether a job is stored although another one is there.
async fn stores(h: &Harness, job: NewJob) -> bool {
    !insert_one(h, job).await.conflict
}

async fn count(h: &Harness) -> usize {
    h.engine.list_jobs(&JobFilter::all()).await.unwrap().len()
}

pub async fn stores_one_of_two_alike(h: Harness) {
    let unique = || job().unique(Unique::forever());
    let first = insert_one(&h, unique()).await;
    assert!(!first.conflict);
    assert_eq!(h.read(first.id).await, first.job);
    let second = insert_one(&h, unique()).await;
    assert_eq!(second, Inserted::conflict(first.job.clone()), "the row that is there comes back");
    let elsewhere = h.other.insert_jobs(None, vec![unique()]).await.unwrap();
    assert_eq!(elsewhere, [Inserted::conflict(first.job)], "from every node");
    assert_eq!(count(&h).await, 1);
}

pub async fn compares_what_it_is_told_to(h: Harness) {
    let all = Unique::forever().fields([
        UniqueField::Args,
        UniqueField::Meta,
        UniqueField::Queue,
        UniqueField::Worker,
    ]);
    let worker = Unique::forever().fields([UniqueField::Worker]);
    let by_user = Unique::forever().keys(["user"]);
    let new = |user: i64, text: &str| NewJob::new("Greet", json!({"user": user, "text": text}));
    for unique in [&all, &worker, &by_user] {
        assert!(stores(&h, new(1, "a").unique(unique.clone())).await, "{unique:?}");
    }
    let others = [
        (new(1, "a").queue("b"), [true, false, true]),
        (new(1, "b"), [true, false, false]),
        (new(2, "a"), [true, false, true]),
        (new(1, "a").meta(json!({"m": 1})), [true, false, false]),
        (new(1, "a").priority(3).tag("x").max_attempts(2), [false, false, false]),
        (NewJob::new("Part", json!({"user": 1, "text": "a"})), [true, true, true]),
    ];
    for (other, expected) in others {
        for (unique, expected) in [&all, &worker, &by_user].into_iter().zip(expected) {
            let is_stored = stores(&h, other.clone().unique(unique.clone())).await;
            assert_eq!(is_stored, expected, "{other:?} {unique:?}");
        }
    }
}

pub async fn compares_by_value(h: Harness) {
    let new =
        |args: &str| NewJob::new("Greet", serde_json::from_str(args).unwrap()).unique(Unique::forever());
    assert!(stores(&h, new(r#"{"a": [1, 2], "b": {"c": "ü'\"", "d": null}}"#)).await);
    assert!(!stores(&h, new(r#"{"b": {"d": null, "c": "ü'\""}, "a": [1.0, 2]}"#)).await);
    for different in
        [r#"{}"#, r#"{"a": [2, 1]}"#, r#"{"a": [1, 1, 2]}"#, r#"{"a": [1, 2]}"#, r#"{"a": ["1", 2]}"#]
    {
        assert!(stores(&h, new(different)).await, "{different}");
    }
}

pub async fn forgets_after_its_period(h: Harness) {
    let new = || job().unique(Unique::within("60s"));
    assert!(stores(&h, new()).await);
    h.advance("60s");
    assert!(!stores(&h, new()).await, "one exactly so old still counts");
    h.advance("1ms");
    assert!(stores(&h, new()).await);
    assert!(!stores(&h, job().unique(Unique::within("60s"))).await, "the new one counts now");
    h.advance("5w");
    assert!(!stores(&h, job().unique(Unique::forever())).await, "without a period age does not matter");
}

pub async fn counts_the_period_from_the_schedule(h: Harness) {
    let unique = Unique::within("60s").timestamp(UniqueTimestamp::ScheduledAt);
    assert!(stores(&h, job().unique(unique.clone()).schedule_in("10m")).await);
    h.advance("11m");
    assert!(!stores(&h, job().unique(unique.clone())).await, "it was due a minute ago");
    h.advance("1ms");
    assert!(stores(&h, job().unique(unique)).await);
}

pub async fn counts_the_states_it_is_told_to(h: Harness) {
    let groups = [
        UniqueStates::All,
        UniqueStates::Incomplete,
        UniqueStates::Scheduled,
        UniqueStates::Successful,
        UniqueStates::List(vec![JobState::Cancelled, JobState::Retryable]),
    ];
    for state in JobState::ALL.into_iter().filter(|state| *state != JobState::Suspended) {
        for (number, states) in groups.iter().enumerate() {
            let unique = Unique::forever().fields([UniqueField::Args]).states(states.clone());
            let new = job_in(&h, state, number, &unique).await;
            let counts = match states {
                UniqueStates::All => true,
                UniqueStates::Incomplete => !state.is_final(),
                UniqueStates::Scheduled => state == JobState::Scheduled,
                UniqueStates::Successful => !matches!(state, JobState::Cancelled | JobState::Discarded),
                UniqueStates::List(states) => states.contains(&state),
            };
            assert_eq!(stores(&h, new).await, !counts, "{state} {states:?}");
        }
    }
}

/// Brings a unique job into a state and returns one like it.
async fn job_in(h: &Harness, state: JobState, number: usize, unique: &Unique) -> NewJob {
    let args = json!({"state": state.as_str(), "number": number});
    let new = || NewJob::new("Greet", args.clone()).queue(format!("{state}-{number}")).unique(unique.clone());
    let (delay, error) = (Duration::from_secs(600), "oops".to_owned());
    let finish = match state {
        JobState::Suspended => panic!("no call suspends a job"),
        JobState::Scheduled => return scheduled(h, new).await,
        JobState::Available => {
            h.insert(new()).await;
            return new();
        }
        JobState::Executing => {
            h.execute(new()).await;
            return new();
        }
        JobState::Retryable => Finish::Retry { delay, error },
        JobState::Completed => Finish::Complete { recorded: None },
        JobState::Discarded => Finish::Discard { error },
        JobState::Cancelled => Finish::Cancel { error },
    };
    assert_eq!(h.finished(new(), finish).await.state, state);
    new()
}

async fn scheduled(h: &Harness, new: impl Fn() -> NewJob) -> NewJob {
    h.insert(new().schedule_in("10m")).await;
    new()
}

pub async fn keeps_duplicates_of_one_call_out(h: Harness) {
    let new = |number: i64| NewJob::new("Greet", json!({"number": number})).unique(Unique::within("1h"));
    let plain = NewJob::new("Greet", json!({"number": 1}));
    let inserted = insert_each(&h, [new(1), new(2), new(1), plain, new(1), new(2)]).await;
    let conflicts: Vec<bool> = inserted.iter().map(|inserted| inserted.conflict).collect();
    assert_eq!(conflicts, [false, false, true, false, true, true]);
    let ids: Vec<_> = inserted.iter().map(|inserted| inserted.id).collect();
    assert_eq!((ids[2], ids[4], ids[5]), (ids[0], ids[0], ids[1]));
    assert_eq!(count(&h).await, 3);
    let again = insert_each(&h, [new(2), new(3), new(3)]).await;
    assert_eq!(
        (again[0].id, again[0].conflict, again[1].conflict, again[2].conflict),
        (ids[1], true, false, true)
    );
}

pub async fn takes_duplicates_of_one_call_in_turn(h: Harness) {
    let finished_only = Unique::forever().states(UniqueStates::List(vec![JobState::Completed]));
    let waiting = Unique::forever().states(UniqueStates::List(vec![JobState::Available]));
    let old = Unique::within("1m").timestamp(UniqueTimestamp::ScheduledAt);
    let long_ago = h.now() - chrono::TimeDelta::hours(1);
    let inserted = insert_each(
        &h,
        [
            job().unique(finished_only.clone()),
            job().unique(finished_only),
            job().unique(waiting.clone()).replace(Replace::always([ReplaceField::Priority])).priority(7),
            job().queue("late").unique(old.clone()).schedule_at(long_ago),
            job().queue("late").unique(old),
            job().queue("seen").unique(waiting.clone()),
            job()
                .queue("seen")
                .unique(waiting.clone())
                .replace(Replace::always([ReplaceField::Priority]))
                .priority(3),
            job().queue("seen").unique(waiting),
        ],
    )
    .await;
    let conflicts: Vec<bool> = inserted.iter().map(|inserted| inserted.conflict).collect();
    assert_eq!(conflicts, [false, false, true, false, false, false, true, true]);
    assert_eq!((inserted[7].id, inserted[7].priority), (inserted[5].id, 3));
    assert_eq!((inserted[2].id, inserted[2].priority), (inserted[0].id, 7));
    assert_eq!(h.read(inserted[0].id).await.priority, 7);
}

pub async fn replaces_what_it_is_told_to_by_state(h: Harness) {
    let by_user = || Unique::forever().fields([UniqueField::Args]).keys(["user"]);
    let stored = h.insert(NewJob::new("Greet", json!({"user": 1})).unique(by_user()).schedule_in("1h")).await;
    let changed = NewJob::new("Part", json!({"user": 1, "text": "new"}))
        .unique(by_user())
        .queue("other")
        .priority(5)
        .max_attempts(3)
        .tag("new")
        .meta(json!({"new": true}))
        .schedule_in("2h");
    let of_another_state = Replace::new().in_state(JobState::Available, [ReplaceField::Priority]);
    let untouched = insert_one(&h, changed.clone().replace(of_another_state)).await;
    assert_eq!(untouched, Inserted::conflict(stored.clone()));

    let one = Replace::new().in_state(JobState::Scheduled, [ReplaceField::Priority]);
    let replaced = insert_one(&h, changed.clone().replace(one)).await;
    assert_eq!(replaced, Inserted::conflict(Job { priority: 5, ..stored.clone() }));

    let all = [
        ReplaceField::Args,
        ReplaceField::MaxAttempts,
        ReplaceField::Meta,
        ReplaceField::Queue,
        ReplaceField::ScheduledAt,
        ReplaceField::Tags,
        ReplaceField::Worker,
    ];
    let mut meta = stored.meta.clone();
    meta.insert("new".to_owned(), json!(true));
    let expected = Job {
        args: changed.args.clone(),
        max_attempts: 3,
        meta,
        priority: 5,
        queue: "other".to_owned(),
        scheduled_at: h.now() + chrono::TimeDelta::hours(2),
        tags: vec!["new".to_owned()],
        worker: "Part".to_owned(),
        ..stored
    };
    let replaced = insert_one(&h, changed.replace(Replace::always(all))).await;
    assert_eq!(replaced, Inserted::conflict(expected.clone()));
    assert_eq!(h.read(expected.id).await, expected);
}

pub async fn keeps_its_key_when_it_is_changed(h: Harness) {
    let new = || job().unique(Unique::forever());
    let stored = h.insert(new()).await;
    let changes = JobChanges::default().meta(json!({"note": "seen"}));
    let changed = h.engine.update_jobs(&JobFilter::id(stored.id), &changes).await.unwrap().remove(0);
    assert_eq!(changed.meta["note"], "seen");
    assert_eq!(changed.meta.get(UNIQUE_KEY), stored.meta.get(UNIQUE_KEY));
    assert!(!stores(&h, new()).await);
}

pub async fn a_copied_key_makes_no_job_unique(h: Harness) {
    let unique = || job().unique(Unique::forever().states(UniqueStates::List(vec![JobState::Available])));
    let stored = h.execute(unique()).await;
    let copy = h.insert(job().meta(stored.meta.clone().into())).await;
    assert_eq!(copy.meta.get(UNIQUE_KEY), None, "it belongs to the other one");
    assert!(stores(&h, unique()).await, "the copy does not count");
}

pub async fn announces_no_duplicate(h: Harness) {
    let new = || job().queue("unique").unique(Unique::forever());
    h.insert(new()).await;
    let mut ear = h.ear(Channel::Insert).await;
    insert_each(&h, [new(), job().queue("plain")]).await;
    assert_eq!(ear.queues().await, ["plain"]);
}

pub async fn announces_the_queue_a_replaced_job_moves_to(h: Harness) {
    let moving = Replace::always([ReplaceField::Queue, ReplaceField::Priority]);
    let new = |worker: &str, queue: &str| {
        let unique = Unique::forever().fields([UniqueField::Worker]);
        NewJob::new(worker, json!({})).queue(queue).unique(unique).replace(moving.clone())
    };
    h.execute(new("Runs", "a")).await;
    let plain = [new("Moves", "a"), new("MovesToo", "a"), new("Stays", "a")];
    h.insert_all(plain.into_iter().chain([new("Waits", "a").schedule_in("1h")])).await;
    let mut ear = h.ear(Channel::Insert).await;
    let again = [new("Moves", "b"), new("MovesToo", "b"), new("Stays", "a").priority(3)];
    let again = again.into_iter().chain([new("Waits", "c"), new("Runs", "d")]);
    let inserted = insert_each(&h, again).await;
    let queues: Vec<&str> = inserted.iter().map(|inserted| inserted.queue.as_str()).collect();
    assert_eq!(queues, ["b", "b", "a", "c", "d"]);
    assert_eq!(ear.queues().await, ["b"], "where jobs can be fetched that could not before, once");
    let producer = h.producer("b").await;
    assert_eq!(h.fetch(&producer, 10).await.len(), 2);
}

pub async fn meets_only_jobs_that_were_unique(h: Harness) {
    h.insert(job()).await;
    assert!(stores(&h, job().unique(Unique::forever())).await, "a plain job has no key");
    assert!(stores(&h, job()).await, "and is compared with nothing");
}

pub async fn a_copied_key_in_changes_makes_no_job_unique(h: Harness) {
    let new = || job().unique(Unique::forever());
    let (stored, plain) = (h.insert(new()).await, h.insert(job()).await);
    let other = h.insert(job().queue("other").unique(Unique::forever())).await;
    let copied = JobChanges::default().meta(json!(stored.meta));
    let filter = JobFilter::ids([plain.id, other.id]);
    let changed = h.engine.update_jobs(&filter, &copied).await.unwrap();
    assert_eq!(changed[0].meta.get(UNIQUE_KEY), None);
    assert_eq!(changed[1].meta.get(UNIQUE_KEY), other.meta.get(UNIQUE_KEY));
    h.engine.delete_jobs(&JobFilter::id(stored.id)).await.unwrap();
    assert!(stores(&h, new()).await);
}

pub async fn stores_one_of_a_hundred_at_once(h: Harness) {
    let mut inserts = JoinSet::new();
    for number in 0..100 {
        let engine = Arc::clone(if number % 2 == 0 { &h.engine } else { &h.other });
        inserts.spawn(async move {
            let jobs = vec![job().unique(Unique::forever()), job().queue("other").unique(Unique::forever())];
            // In two orders, so that two inserts could wait for each other.
            let jobs = if number % 3 == 0 { jobs.into_iter().rev().collect() } else { jobs };
            engine.insert_jobs(None, jobs).await.unwrap()
        });
    }
    let inserted = inserts.join_all().await.concat();
    let stored = inserted.iter().filter(|inserted| !inserted.conflict).count();
    assert_eq!((stored, count(&h).await), (2, 2));
}

pub async fn stores_half_of_ten_thousand(h: Harness) {
    let new = |number: usize| NewJob::new("Greet", json!({"number": number})).unique(Unique::within("1h"));
    insert_each(&h, (0..2_500).map(new)).await;
    // A quarter is in the table, a quarter comes twice.
    let inserted = insert_each(&h, (0..7_500).chain(5_000..7_500).map(new)).await;
    assert_eq!(inserted.len(), 10_000);
    let stored = inserted.iter().filter(|inserted| !inserted.conflict).count();
    assert_eq!((stored, count(&h).await), (5_000, 7_500));
    for (inserted, number) in inserted.iter().zip((0..7_500).chain(5_000..7_500)) {
        assert_eq!(inserted.args["number"], number);
    }
}
