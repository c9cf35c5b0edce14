//! Connections are ended while the server stays.

use oban::JobState;

use crate::{
    database::Database,
    node::Settings,
    proxy::Proxy,
    worker::{Hold, Work},
};

const JOBS: usize = 2_000;

#[tokio::test(flavor = "multi_thread")]
async fn every_job_runs_once_however_often_connections_end() {
    let database = Database::migrated().await;
    let node = Settings::new("web", database.url()).limit(20).start().await;
    database.insert((0..JOBS).map(|_| Work { millis: 5 })).await;
    let mut ended = 0;
    // Each time after some progress, so that connections are in use and jobs run.
    for progress in (0..JOBS).step_by(JOBS / 20) {
        node.has_run(progress).await;
        ended += database.end_connections().await;
    }
    database.count_becomes(JobState::Completed, i64::try_from(JOBS).unwrap()).await;
    let seen = node.stop().await;
    println!("{ended} connections ended");
    assert!(ended > 20, "only {ended} connections were there to be ended");
    assert_eq!((seen.runs.len(), seen.runs_by_job().len()), (JOBS, JOBS), "{:#?}", seen.log);
    assert_eq!(database.number("SELECT max(attempt)::bigint FROM oban_jobs").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_turns_connections_away_loses_no_outcome() {
    const SOME: usize = 20;
    let database = Database::migrated().await;
    let proxy = Proxy::start(database.address()).await;
    let mut node = Settings::new("web", database.url_through(proxy.port)).limit(SOME).start().await;
    database.insert((0..SOME).map(|_| Hold {})).await;
    node.has_run(SOME).await;
    // As before maintenance. To the node it is an error that has nothing to do with connections.
    database.administer("ALTER DATABASE {name} ALLOW_CONNECTIONS false").await;
    database.end_connections().await;
    proxy.is_tried(10).await;
    node.open_gate().await;
    node.until("it has noticed", |seen| seen.logged("outcomes are kept") > 0).await;
    proxy.is_tried(30).await;
    database.administer("ALTER DATABASE {name} ALLOW_CONNECTIONS true").await;
    database.count_becomes(JobState::Completed, i64::try_from(SOME).unwrap()).await;
    let seen = node.stop().await;
    assert_eq!(seen.runs_by_job().len(), SOME);
    assert_eq!(seen.runs.len(), SOME, "outcomes were lost, so jobs ran again: {:#?}", seen.log);
}
