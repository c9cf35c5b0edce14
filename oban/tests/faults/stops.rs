//! A deployment ends a node in the middle of its jobs.

use oban::JobState;

use crate::{
    database::Database,
    node::Settings,
    worker::{Hold, Work},
};

const LONG: usize = 5;
const SHORT: usize = 500;

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_node_hands_back_what_it_cannot_finish() {
    let database = Database::migrated().await;
    // Its shutdown grace is a second instead of 15.
    let node = Settings::new("old", database.url()).limit(20).start().await;
    database.insert((0..LONG).map(|_| Hold {})).await;
    node.has_run(LONG).await;
    database.insert((0..SHORT).map(|_| Work { millis: 20 })).await;
    node.has_run(SHORT / 4).await;
    let old = node.stop().await;

    assert_eq!(database.count(JobState::Executing).await, 0);
    assert_eq!(database.number("SELECT count(*) FROM oban_producers").await, 0);
    assert_eq!(database.number("SELECT count(*) FROM oban_peers").await, 0);
    const HANDED_BACK: &str = "SELECT count(*) FROM oban_jobs WHERE worker = 'Hold' AND state = 'available'
                               AND attempt = 0 AND meta -> 'interrupted' = '1' AND cardinality(errors) = 0";
    assert_eq!(database.number(HANDED_BACK).await, i64::try_from(LONG).unwrap());
    let unfinished = i64::try_from(SHORT + LONG - (old.runs.len() - LONG)).unwrap();
    assert_eq!(database.count(JobState::Available).await, unfinished, "short jobs were not waited for");

    let mut node = Settings::new("new", database.url()).limit(20).start().await;
    node.open_gate().await;
    database.count_becomes(JobState::Completed, i64::try_from(SHORT + LONG).unwrap()).await;
    let new = node.stop().await;
    assert!(new.runs.iter().all(|(_, attempt)| *attempt == 1), "the attempts were not refunded");
    assert_eq!(old.runs.len() + new.runs.len(), SHORT + LONG + LONG);
}
