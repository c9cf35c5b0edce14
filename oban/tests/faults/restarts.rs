//! The server goes away for a while.

use oban::JobState;

use crate::{
    database::Database,
    node::{Node, Seen, Settings},
    proxy::Proxy,
    server::Server,
    worker::Work,
};

const JOBS: usize = 3_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_fast_restart_loses_nothing() {
    survives_restart("fast").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_loses_nothing() {
    survives_restart("immediate").await;
}

async fn survives_restart(mode: &str) {
    let server = Server::start(mode);
    let database = Database::migrated_on(server.options()).await;
    let node = Settings::new("web", database.url()).limit(20).start().await;
    database.insert((0..JOBS).map(|_| Work { millis: 5 })).await;
    node.has_run(JOBS / 4).await;
    let producer = producers(&database).await;
    server.restart(mode);
    assert_eq!(producers(&database).await, producer, "the registration is gone");
    let seen = finishes(&database, node).await;
    assert_tells_once(&seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_told_once() {
    let server = Server::start("outage");
    let database = Database::migrated_on(server.options()).await;
    let proxy = Proxy::start(database.address()).await;
    let node = Settings::new("web", database.url_through(proxy.port)).limit(20).start().await;
    database.insert((0..JOBS).map(|_| Work { millis: 5 })).await;
    node.has_run(JOBS / 4).await;
    server.stop("fast");
    proxy.is_tried(50).await;
    server.resume();
    let seen = finishes(&database, node).await;
    assert_tells_once(&seen);
}

/// Waits for all jobs, each of which ran once.
async fn finishes(database: &Database, node: Node) -> Seen {
    database.count_becomes(JobState::Completed, i64::try_from(JOBS).unwrap()).await;
    let seen = node.stop().await;
    assert_eq!(seen.runs_by_job().len(), JOBS);
    // A run that had ended keeps its outcome until it is stored, and a fetch whose answer was lost started none.
    assert_eq!(seen.runs.len(), JOBS, "jobs ran twice: {:#?}", seen.log);
    seen
}

/// Each part of the node speaks of an outage when it begins, however often it tries.
fn assert_tells_once(seen: &Seen) {
    assert!(
        seen.logged("the store does not answer") + seen.logged("failed; it will go on") > 0,
        "{:#?}",
        seen.log
    );
    let telling = ["outcomes are kept", "\"stager\"", "\"refresher\"", "\"lifeline\"", "lost the connection"];
    for text in telling {
        assert!(seen.logged(text) <= 1, "{text} came {} times: {:#?}", seen.logged(text), seen.log);
    }
    assert_eq!(seen.logged("ERROR"), 0, "{:#?}", seen.log);
}

async fn producers(database: &Database) -> Vec<String> {
    use sqlx::Row;
    let rows = crate::wait::eventually("the server answers", || async {
        sqlx::query("SELECT uuid::text FROM oban_producers").fetch_all(&database.pool).await
    });
    rows.await.iter().map(|row| row.get(0)).collect()
}
