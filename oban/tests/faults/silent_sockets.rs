//! Sockets whose other end vanished without a word.

use std::time::Duration;

use oban::{JobFilter, JobState, Oban, postgres::Postgres};
use sqlx::postgres::PgPoolOptions;
use tokio::time::Instant;

use crate::{
    database::Database,
    node::Settings,
    proxy::{LISTENER, Proxy},
    worker::Work,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_hears_nothing_is_replaced() {
    let database = Database::migrated().await;
    let proxy = Proxy::start(database.address()).await;
    // Work is found by notification only.
    let node = Settings::new("web", database.url_through(proxy.port)).stage_interval("1h").start().await;
    let heard = database.insert([Work { millis: 0 }]).await[0].id.0;
    node.until("the job is heard of", |seen| seen.runs == [(heard, 1)]).await;
    // The fetch that goes with its outcome would find the next one.
    database.count_becomes(JobState::Completed, 1).await;
    assert_eq!(proxy.freeze(LISTENER), 1);
    database.insert([Work { millis: 0 }]).await;
    let frozen_at = Instant::now();
    let seen = node.has_run(2).await;
    println!("the listener was replaced {:?} after its socket fell silent", frozen_at.elapsed());
    assert_eq!(seen.logged("lost the connection that listens"), 1, "{:#?}", seen.log);
    let heard = database.insert([Work { millis: 0 }]).await[0].id.0;
    node.until("the new one hears", |seen| seen.runs.last() == Some(&(heard, 1))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_fell_silent_are_given_up() {
    const JOBS: usize = 1_000;
    let database = Database::migrated().await;
    let proxy = Proxy::start(database.address()).await;
    let url = database.url_through(proxy.port);
    // The application's pool is small, and trusts its connections: the hardest case.
    let pool = PgPoolOptions::new().max_connections(2).test_before_acquire(false);
    let operator = Oban::builder(Postgres::new(pool.connect(&url).await.unwrap())).start().await.unwrap();
    let node = Settings::new("web", url).limit(20).start().await;
    operator.insert_all((0..JOBS).map(|_| Work { millis: 5 })).await.unwrap();
    tokio::join!(operator.jobs(JobFilter::id(1)), operator.jobs(JobFilter::id(2))).0.unwrap();
    node.has_run(JOBS / 4).await;

    let frozen_at = Instant::now();
    println!("{} connections fell silent", proxy.freeze(""));
    // Both connections of the pool are in use, and neither answers.
    let (one, two) = tokio::join!(operator.cancel_job(1), operator.insert(Work { millis: 0 }));
    println!("the application was told {:?} after", frozen_at.elapsed());
    assert!(one.unwrap_err().is_transient() && two.unwrap_err().is_transient());
    assert!(frozen_at.elapsed() < Duration::from_secs(40), "the application waited too long");
    operator.insert(Work { millis: 0 }).await.expect("the pool is free of them");

    database.count_becomes(JobState::Completed, i64::try_from(JOBS).unwrap() + 1).await;
    println!("all was done {:?} after", frozen_at.elapsed());
    let seen = node.stop().await;
    assert_eq!((seen.runs.len(), seen.runs_by_job().len()), (JOBS + 1, JOBS + 1), "{:#?}", seen.log);
}
