//! A node is killed in the middle of its jobs.

use std::collections::BTreeSet;

use oban::JobState;
use tokio::time::{Duration, Instant};

use crate::{
    database::Database,
    node::{LEASE, STALE_AFTER, Settings},
    worker::{Hold, Work},
};

const JOBS: usize = 1_000;
/// For rounds of services, and for machines that are busy.
const MARGIN: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn another_node_takes_over_and_repeats_only_what_was_executing() {
    let database = Database::migrated().await;
    let doomed = Settings::new("doomed", database.url()).limit(20).start().await;
    // The worse case: its leadership has to lapse before anybody judges it.
    doomed.until("it leads", |seen| seen.leads == [true]).await;
    let heir = Settings::new("heir", database.url()).limit(20).start().await;
    database.insert((0..JOBS).map(|_| Work { millis: 20 })).await;
    doomed.has_run(JOBS / 4).await;

    let died_at = Instant::now();
    let doomed = doomed.kill().await;
    let executing: BTreeSet<i64> = database
        .numbers("SELECT id FROM oban_jobs WHERE state = 'executing' AND attempted_by[1] = 'doomed'")
        .await
        .into_iter()
        .collect();
    assert!(!executing.is_empty(), "it died idle");
    database.count_becomes(JobState::Completed, i64::try_from(JOBS).unwrap()).await;
    let took_over_after = died_at.elapsed();

    let heir = heir.stop().await;
    let first: BTreeSet<i64> = doomed.runs_by_job().into_keys().collect();
    let second: BTreeSet<i64> = heir.runs_by_job().into_keys().collect();
    let again: BTreeSet<i64> = first.intersection(&second).copied().collect();
    println!("{} of {JOBS} jobs ran again; all were done {took_over_after:?} after the kill", again.len());
    assert_eq!(first.union(&second).count(), JOBS, "jobs got lost");
    assert!(again.is_subset(&executing), "{again:?} ran again, {executing:?} were executing");
    assert!(doomed.runs_by_job().values().chain(heir.runs_by_job().values()).all(|runs| *runs == 1));
    assert!(took_over_after < STALE_AFTER + LEASE + MARGIN, "it took {took_over_after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn long_jobs_of_the_living_are_not_touched() {
    const OWNER: &str = "SELECT id FROM oban_jobs WHERE state = 'executing' AND attempt = 1
                         AND attempted_by[1] = 'healthy' AND worker = 'Hold'";
    let database = Database::migrated().await;
    let long = database.insert([Hold {}]).await[0].id.0;
    let mut healthy = Settings::new("healthy", database.url()).start().await;
    healthy.has_run(1).await;
    for round in 0..2 {
        let doomed = Settings::new("doomed", database.url()).start().await;
        database.insert((0..100).map(|_| Work { millis: 100 })).await;
        doomed.has_run(10).await;
        doomed.kill().await;
        // Its jobs come back when its heartbeat is stale; the long job is as old by then.
        database.count_becomes(JobState::Completed, (round + 1) * 100).await;
        let rescued = database.number("SELECT count(*) FROM oban_jobs WHERE meta ? 'rescued'").await;
        assert!(rescued > 0, "nothing was rescued, so nothing was tested");
        assert_eq!(database.numbers(OWNER).await, [long]);
    }
    healthy.open_gate().await;
    database.count_becomes(JobState::Completed, 201).await;
    assert_eq!(healthy.stop().await.runs_by_job()[&long], 1);
}
