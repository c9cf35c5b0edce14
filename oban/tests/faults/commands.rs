//! An operator in one process commands nodes in others.

use std::time::Duration;

use oban::{JobState, Scope};
use tokio::time::Instant;

use crate::{
    database::Database,
    node::{STALE_AFTER, Settings},
    proxy::Proxy,
    worker::{Hold, Work},
};

/// For machines that are busy.
const MARGIN: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_heard_by_every_node_and_a_resume_by_the_one_it_is_for() {
    const JOBS: usize = 50;
    let database = Database::migrated().await;
    let operator = database.operator().await;
    let (one, two) = (Settings::new("one", database.url()), Settings::new("two", database.url()));
    let (one, two) = tokio::join!(one.start(), two.start());
    // A hint that is given before a node listens is lost to it.
    database.insert([Work { millis: 0 }]).await;
    database.count_becomes(JobState::Completed, 1).await;
    for node in [&one, &two] {
        while node.seen().paused.is_empty() {
            operator.pause_queue("default").await.unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    database.insert((0..JOBS).map(|_| Work { millis: 0 })).await;
    operator.resume_queue(("default", Scope::Node("two"))).await.unwrap();
    two.until("it is resumed", |seen| seen.paused == [true, false]).await;
    database.count_becomes(JobState::Completed, i64::try_from(JOBS + 1).unwrap()).await;
    let (one, two) = (one.stop().await, two.stop().await);
    assert_eq!(one.paused, [true]);
    assert!(
        one.runs.len() <= 1 && one.runs.len() + two.runs.len() == JOBS + 1,
        "a paused node ran jobs: {one:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_ended_from_another_process_within_moments() {
    let database = Database::migrated().await;
    let node = Settings::new("web", database.url()).limit(1).start().await;
    let id = database.insert([Hold {}]).await[0].id.0;
    node.has_run(1).await;
    let cancelled_at = Instant::now();
    assert!(database.operator().await.cancel_job(id).await.unwrap());
    node.until("the run was dropped", |seen| seen.held == [id]).await;
    println!("dropped {:?} after it was cancelled, with a grace of 500 ms", cancelled_at.elapsed());
    // Its slot is free, and its row as the operator left it.
    database.insert([Work { millis: 0 }]).await;
    database.count_becomes(JobState::Completed, 1).await;
    assert_eq!(database.count(JobState::Cancelled).await, 1);
    let seen = node.stop().await;
    assert_eq!((seen.runs.len(), seen.broken), (2, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_cancelling_is_not_heard_is_ended_all_the_same() {
    let database = Database::migrated().await;
    let proxy = Proxy::start(database.address()).await;
    proxy.swallow_notifications();
    let node = Settings::new("web", database.url_through(proxy.port)).limit(1).start().await;
    let id = database.insert([Hold {}]).await[0].id.0;
    node.has_run(1).await;
    let (swallowed, cancelled_at) = (proxy.swallowed(), Instant::now());
    assert!(database.operator().await.cancel_job(id).await.unwrap());
    node.until("the run was dropped", |seen| seen.held == [id]).await;
    let took = cancelled_at.elapsed();
    assert!(proxy.swallowed() > swallowed, "the notification went another way");
    assert!(took < STALE_AFTER + MARGIN, "it took {took:?}");
    database.insert([Work { millis: 0 }]).await;
    database.count_becomes(JobState::Completed, 1).await;
    assert_eq!(database.count(JobState::Cancelled).await, 1);
    node.stop().await;
}
