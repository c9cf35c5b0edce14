//! Hints where a notifier starts late, runs twice, or falls behind.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{path::PathBuf, time::Duration};

use oban_core::{Channel, Migrate, Notice, Notifier, Result, Subscription};
use oban_sqlite::{Sqlite, rusqlite::Connection};
use serde_json::json;
use tempfile::TempDir;
use tokio::{task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(20);

fn file() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jobs.db");
    (directory, path)
}

/// Runs the engine's notifier and returns once a hint was heard.
async fn run(engine: &Sqlite, shutdown: &CancellationToken) -> JoinSet<Result<()>> {
    let mut subscription = engine.listen(&[Channel::Sonar]);
    let mut relay = JoinSet::new();
    let (runner, stop) = (engine.clone(), shutdown.clone());
    relay.spawn(async move { runner.run(stop).await });
    loop {
        engine.notify(Channel::Sonar, &[json!({ "node": "probe" })]).await.unwrap();
        if timeout(Duration::from_millis(100), subscription.next()).await.is_ok() {
            return relay;
        }
    }
}

/// The numbers heard until `last`, probes left out. Before the first of them something may have been missed: what was
/// published before the notifier ran.
async fn numbers(subscription: &mut Subscription, last: u64) -> Vec<u64> {
    let mut numbers = Vec::new();
    while numbers.last() != Some(&last) {
        let notice = timeout(PATIENCE, subscription.next()).await.unwrap().unwrap();
        match notice {
            Notice::Hint { payload, .. } => numbers.extend(payload["n"].as_u64()),
            Notice::Missed => assert_eq!(numbers, [0; 0], "hints were missed"),
        }
    }
    numbers
}

#[tokio::test]
async fn two_nodes_of_one_process_hear_each_hint_once_and_in_order() {
    let (_directory, path) = file();
    let engine = Sqlite::open(&path).await.unwrap();
    let afar = Sqlite::open(&path).await.unwrap();
    let shutdown = CancellationToken::new();
    let mut subscription = engine.listen(&[Channel::Sonar]);
    let mut first = run(&engine, &shutdown).await;
    let second_stop = CancellationToken::new();
    let mut second = run(&engine, &second_stop).await;

    for n in 0..20 {
        let speaker = if n % 2 == 0 { &engine } else { &afar };
        speaker.notify(Channel::Sonar, &[json!({ "n": n })]).await.unwrap();
    }
    assert_eq!(numbers(&mut subscription, 19).await, (0..20).collect::<Vec<_>>());

    // The end of one leaves the other.
    second_stop.cancel();
    second.join_next().await.unwrap().unwrap().unwrap();
    afar.notify(Channel::Sonar, &[json!({ "n": 20 })]).await.unwrap();
    assert_eq!(numbers(&mut subscription, 20).await, [20]);
    shutdown.cancel();
    first.join_next().await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_notifier_that_starts_again_goes_on_where_it_was() {
    let (_directory, path) = file();
    let engine = Sqlite::open(&path).await.unwrap();
    let mut subscription = engine.listen(&[Channel::Sonar]);
    for n in 0..5 {
        let shutdown = CancellationToken::new();
        let mut relay = run(&engine, &shutdown).await;
        shutdown.cancel();
        relay.join_next().await.unwrap().unwrap().unwrap();
        // Nobody relays this until the next round.
        engine.notify(Channel::Sonar, &[json!({ "n": n })]).await.unwrap();
    }
    let _relay = run(&engine, &CancellationToken::new()).await;
    engine.notify(Channel::Sonar, &[json!({ "n": 5 })]).await.unwrap();
    assert_eq!(numbers(&mut subscription, 5).await, [0, 1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn tables_made_anew_do_not_silence_it() {
    let (_directory, path) = file();
    let engine = Sqlite::open(&path).await.unwrap();
    let shutdown = CancellationToken::new();
    let mut subscription = engine.listen(&[Channel::Sonar]);
    let _relay = run(&engine, &shutdown).await;
    let many: Vec<_> = (0..100).map(|_| json!({ "node": "before" })).collect();
    engine.notify(Channel::Sonar, &many).await.unwrap();
    engine.notify(Channel::Sonar, &[json!({ "n": 1 })]).await.unwrap();
    assert_eq!(numbers(&mut subscription, 1).await, [1]);

    engine.migrate_down(0).await.unwrap();
    engine.migrate_up(engine.latest_version()).await.unwrap();
    loop {
        engine.notify(Channel::Sonar, &[json!({ "n": 2 })]).await.unwrap();
        let notice = timeout(PATIENCE, subscription.next()).await.unwrap().unwrap();
        if matches!(&notice, Notice::Hint { payload, .. } if payload["n"] == 2) {
            return;
        }
    }
}

#[tokio::test]
async fn who_falls_behind_is_told_so_and_the_table_stays_small() {
    let (_directory, path) = file();
    // Looks so rarely that it misses everything but what it is woken for.
    let engine = Sqlite::builder(&path).watch_interval(Duration::from_secs(3600)).open().await.unwrap();
    let shutdown = CancellationToken::new();
    let _relay = run(&engine, &shutdown).await;
    let mut subscription = engine.listen(&[Channel::Sonar]);

    let afar = Sqlite::open(&path).await.unwrap();
    let hints: Vec<_> = (0..3000).map(|n| json!({ "n": n })).collect();
    afar.notify(Channel::Insert, &hints).await.unwrap();
    engine.notify(Channel::Sonar, &[json!({ "n": 0 })]).await.unwrap();

    let mut heard = Vec::new();
    while !heard.contains(&Notice::Missed) {
        heard.push(timeout(PATIENCE, subscription.next()).await.unwrap().unwrap());
    }
    let rows: i64 = Connection::open(&path)
        .unwrap()
        .query_row("SELECT count(*) FROM oban_notifications", [], |row| row.get(0))
        .unwrap();
    assert!((1000..1300).contains(&rows), "{rows} hints are kept");
}

#[tokio::test]
async fn what_cannot_be_understood_is_dropped() {
    let (_directory, path) = file();
    let engine = Sqlite::open(&path).await.unwrap();
    let shutdown = CancellationToken::new();
    let mut subscription = engine.listen(&Channel::ALL);
    let _relay = run(&engine, &shutdown).await;

    let conn = Connection::open(&path).unwrap();
    for (channel, payload) in
        [("metrics", "{}"), ("sonar", "[7]"), ("sonar", "not json"), ("sonar", ""), ("", "{}")]
    {
        conn.execute("INSERT INTO oban_notifications (channel, payload) VALUES (?1, ?2)", [channel, payload])
            .unwrap();
    }
    conn.execute("INSERT INTO oban_notifications (channel, payload) VALUES ('sonar', x'00ff')", []).unwrap();
    engine.notify(Channel::Sonar, &[json!({ "n": 7 })]).await.unwrap();
    assert_eq!(numbers(&mut subscription, 7).await, [7]);
}
