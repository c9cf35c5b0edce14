use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use oban_core::{
    Channel, CronAction, CronCheck, CronInsert, CronKey, CronRun, CronStatus, CronTaken, Engine, Job,
    JobFilter,
};

use crate::{
    Harness,
    harness::{ids, job},
};

fn key(name: &str) -> CronKey {
    CronKey { name: name.to_owned(), schedule: "* * * * * Etc/UTC".to_owned() }
}

fn insertion(name: &str, minute: DateTime<Utc>) -> CronRun {
    CronRun { key: key(name), minute, action: CronAction::Insert(Box::new(job().tag(name))) }
}

/// The minute that it is, and those before.
fn minute(h: &Harness, ago: i64) -> DateTime<Utc> {
    let now = h.now();
    now - TimeDelta::nanoseconds(now.timestamp_nanos_opt().unwrap() % 60_000_000_000)
        - TimeDelta::minutes(ago)
}

async fn check(engine: &dyn Engine, entries: &[CronKey]) -> Vec<CronStatus> {
    engine.check_cron(CronCheck { instance: "Oban", entries }).await.unwrap().entries
}

async fn insert(engine: &dyn Engine, runs: &[CronRun]) -> Vec<CronTaken> {
    engine.insert_cron_jobs(CronInsert { instance: "Oban", runs, keep: 100 }).await.unwrap()
}

async fn jobs(h: &Harness) -> Vec<Job> {
    h.engine.list_jobs(&JobFilter::all()).await.unwrap()
}

fn taken(taken: &[CronTaken]) -> Vec<usize> {
    taken.iter().map(|taken| taken.run).collect()
}

pub async fn tells_the_stores_time(h: Harness) {
    let entries = [key("a")];
    for step in ["0s", "90s"] {
        h.advance(step);
        let checked = h.engine.check_cron(CronCheck { instance: "Oban", entries: &entries }).await.unwrap();
        assert_eq!((checked.now, checked.entries), (h.now(), vec![CronStatus::default()]));
    }
}

pub async fn inserts_a_minutes_job_once(h: Harness) {
    let mut queue = h.ear(Channel::Insert).await;
    let runs = [insertion("a", minute(&h, 1)), insertion("a", minute(&h, 0)), insertion("b", minute(&h, 0))];
    let first = insert(&*h.engine, &runs).await;
    assert_eq!(taken(&first), [0, 1, 2]);
    let stored = jobs(&h).await;
    let inserted: Vec<Job> = first.into_iter().map(|taken| taken.inserted.unwrap().job).collect();
    assert_eq!(stored, inserted, "what is returned is what was stored, in order");
    assert_eq!(stored[2].tags, ["b"]);
    assert_eq!(queue.queues().await, ["default"]);
    for engine in [&h.engine, &h.other] {
        assert!(insert(&**engine, &runs).await.is_empty(), "nothing is inserted again");
    }
    h.advance("60s");
    let next = [runs[1].clone(), insertion("a", minute(&h, 0))];
    assert_eq!(taken(&insert(&*h.other, &next).await), [1]);
    assert_eq!(jobs(&h).await.len(), 4);
}

pub async fn inserts_nothing_before_its_time(h: Harness) {
    let runs = [insertion("a", minute(&h, -1)), insertion("a", minute(&h, 0))];
    assert_eq!(taken(&insert(&*h.engine, &runs).await), [1]);
    h.clock.advance(TimeDelta::minutes(-10));
    let ago = [insertion("a", minute(&h, 0)), insertion("a", minute(&h, -10))];
    assert_eq!(
        taken(&insert(&*h.engine, &ago).await),
        [0],
        "the clock stepped back: those after it are not due"
    );
    h.advance("11m");
    assert_eq!(taken(&insert(&*h.engine, &runs).await), [0]);
}

pub async fn knows_entries_by_name_and_schedule(h: Harness) {
    let begin = CronRun { key: key("a"), minute: minute(&h, 5), action: CronAction::Begin };
    let begun = insert(&*h.engine, &[begin]).await;
    assert_eq!(begun, [CronTaken { run: 0, inserted: None }]);
    let changed = CronKey { schedule: "@daily Etc/UTC".to_owned(), ..key("a") };
    let statuses = check(&*h.other, &[changed.clone(), key("b"), key("a")]).await;
    let last = Some(minute(&h, 5));
    let expected =
        [CronStatus { is_known: false, last }, CronStatus::default(), CronStatus { is_known: true, last }];
    assert_eq!(statuses, expected);
    let run = CronRun { key: changed.clone(), ..insertion("a", minute(&h, 3)) };
    assert_eq!(taken(&insert(&*h.engine, std::slice::from_ref(&run)).await), [0]);
    let last = Some(minute(&h, 3));
    assert_eq!(check(&*h.engine, &[changed, key("a")]).await, [CronStatus { is_known: true, last }; 2]);
    let other_schedule = CronRun { key: key("a"), ..run };
    assert!(
        insert(&*h.engine, &[other_schedule]).await.is_empty(),
        "a minute of a name is one, whatever its schedule"
    );
}

pub async fn keeps_instances_apart(h: Harness) {
    let runs = [insertion("a", minute(&h, 0))];
    assert_eq!(insert(&*h.engine, &runs).await.len(), 1);
    let other = CronInsert { instance: "Other", runs: &runs, keep: 100 };
    assert_eq!(h.engine.insert_cron_jobs(other).await.unwrap().len(), 1);
    let entries = [key("a")];
    let third = CronCheck { instance: "Third", entries: &entries };
    assert_eq!(h.engine.check_cron(third).await.unwrap().entries, [CronStatus::default()]);
}

pub async fn counts_runs_up_to_now(h: Harness) {
    insert(&*h.engine, &[insertion("a", minute(&h, 7)), insertion("a", minute(&h, 0))]).await;
    h.clock.advance(TimeDelta::minutes(-5));
    let last = Some(minute(&h, 2));
    assert_eq!(check(&*h.engine, &[key("a")]).await, [CronStatus { is_known: true, last }]);
}

pub async fn may_still_insert_what_was_missed(h: Harness) {
    let missed = CronRun { key: key("a"), minute: minute(&h, 2), action: CronAction::Miss };
    insert(&*h.engine, &[insertion("a", minute(&h, 5))]).await;
    let first = insert(&*h.engine, std::slice::from_ref(&missed)).await;
    assert_eq!(first, [CronTaken { run: 0, inserted: None }]);
    assert!(insert(&*h.other, std::slice::from_ref(&missed)).await.is_empty(), "it is noted once");
    let last = Some(minute(&h, 5));
    assert_eq!(check(&*h.engine, &[key("a")]).await, [CronStatus { is_known: true, last }], "it did not run");
    assert_eq!(insert(&*h.other, &[insertion("a", minute(&h, 2))]).await.len(), 1);
    assert!(insert(&*h.engine, &[insertion("a", minute(&h, 2)), missed]).await.is_empty());
    let begun = CronRun { key: key("b"), minute: minute(&h, 2), action: CronAction::Begin };
    insert(&*h.engine, &[begun]).await;
    assert!(
        insert(&*h.engine, &[insertion("b", minute(&h, 2))]).await.is_empty(),
        "an entry begins after its first"
    );
    assert_eq!(jobs(&h).await.len(), 2);
}

pub async fn keeps_the_latest_minutes_of_an_entry(h: Harness) {
    insert(&*h.engine, &[insertion("b", minute(&h, 50))]).await;
    let runs: Vec<CronRun> = (0..10).rev().map(|ago| insertion("a", minute(&h, ago))).collect();
    for runs in runs.chunks(3) {
        h.engine.insert_cron_jobs(CronInsert { instance: "Oban", runs, keep: 4 }).await.unwrap();
    }
    let again = insert(&*h.engine, &runs).await;
    assert_eq!(taken(&again), [0, 1, 2, 3, 4, 5], "the four latest are still known");
    assert!(
        insert(&*h.engine, &[insertion("b", minute(&h, 50))]).await.is_empty(),
        "other entries keep theirs"
    );
}

pub async fn inserts_each_minute_once_at_two_nodes(h: Harness) {
    let runs: Arc<Vec<CronRun>> =
        Arc::new((0..100).rev().map(|ago| insertion("a", minute(&h, ago))).collect());
    let mut offers = Vec::new();
    for node in 0..6 {
        let engine = Arc::clone(if node % 2 == 0 { &h.engine } else { &h.other });
        let runs = Arc::clone(&runs);
        offers.push(async move {
            let mut count = 0;
            for chunk in runs.chunks(7 + node) {
                count += loop {
                    // Contention is the runtime's to repeat.
                    let insert = CronInsert { instance: "Oban", runs: chunk, keep: 1000 };
                    match engine.insert_cron_jobs(insert).await {
                        Ok(taken) => break taken.len(),
                        Err(error) => assert!(error.is_transient(), "{error}"),
                    }
                };
            }
            count
        });
    }
    let tasks: tokio::task::JoinSet<usize> = offers.into_iter().collect();
    let counts = tasks.join_all().await;
    assert_eq!(counts.iter().sum::<usize>(), 100, "{counts:?}");
    let stored = jobs(&h).await;
    assert_eq!(ids(&stored).len(), 100);
}

pub async fn inserts_all_or_nothing_when_dropped(h: Harness) {
    let runs: Vec<CronRun> = (0..90).rev().map(|ago| insertion("a", minute(&h, ago))).collect();
    for polls in 1..20 {
        let insert = CronInsert { instance: "Oban", runs: &runs, keep: 1000 };
        let call = h.engine.insert_cron_jobs(insert);
        tokio::pin!(call);
        let mut polled = 0;
        let dropped = std::future::poll_fn(|cx| {
            polled += 1;
            match call.as_mut().poll(cx) {
                std::task::Poll::Pending if polled < polls => std::task::Poll::Pending,
                other => std::task::Poll::Ready(other.is_pending()),
            }
        });
        dropped.await;
    }
    insert(&*h.engine, &runs).await;
    assert_eq!(jobs(&h).await.len(), 90, "each minute has its job, and one only");
}
