//! Several processes insert the same unique jobs at once, and one of them is killed in the middle of it.

use oban::JobState;

use crate::{database::Database, node::Settings, wait::eventually, worker::Sow};

/// More than are locked one by one.
const SEEDS: u64 = 80;
const SOWERS: i64 = 60;

const SOWN: &str = "SELECT count(*) FROM oban_jobs WHERE queue = 'elsewhere'";
const DOUBLES: &str = "SELECT count(*) - count(DISTINCT args) FROM oban_jobs WHERE queue = 'elsewhere'";

#[tokio::test(flavor = "multi_thread")]
async fn processes_store_each_job_once_though_one_is_killed() {
    let database = Database::migrated().await;
    let settings = |name| Settings::new(name, database.url()).limit(10);
    let (a, b, c, doomed) = (settings("a"), settings("b"), settings("c"), settings("doomed"));
    let (a, b, c, doomed) = tokio::join!(a.start(), b.start(), c.start(), doomed.start());
    database.insert((0..SOWERS).map(|_| Sow { count: SEEDS })).await;
    doomed.has_run(1).await;
    eventually("some are sown", || async {
        let sown = database.number(SOWN).await;
        if sown > 0 { Ok(()) } else { Err(sown) }
    })
    .await;
    let sown = database.number(SOWN).await;
    doomed.kill().await;
    database.count_becomes(JobState::Completed, SOWERS).await;
    println!("killed when {sown} of {SEEDS} were sown");
    assert_eq!(database.number(SOWN).await, i64::try_from(SEEDS).unwrap());
    assert_eq!(database.number(DOUBLES).await, 0);
    for node in [a, b, c] {
        let seen = node.stop().await;
        assert!(!seen.runs.is_empty(), "it had nothing to do");
        assert_eq!(seen.logged("deadlock"), 0, "{:#?}", seen.log);
    }
}
