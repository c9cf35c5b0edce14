//! Periodic jobs of nodes that race, are killed in the middle of it, and lose their connections.

use crate::{database::Database, node::Settings, wait::eventually};

const ENTRIES: i64 = 10;
const MINUTES: i64 = 1_000;

/// As if a node had stopped so many minutes ago, which left so much to do that kills land in the middle of it.
const SEEN: &str = "INSERT INTO oban_cron_runs (instance, name, minute, schedule, outcome)
     SELECT 'Oban', 'entry ' || entry, date_trunc('minute', timezone('UTC', now())) - interval '1 minute' * {minutes},
            '* * * * * Etc/UTC', 'begun'
     FROM generate_series(0, {entries} - 1) AS entry";

const DOUBLES: &str =
    "SELECT count(*) - count(DISTINCT (meta->>'cron_name', meta->>'cron_at')) FROM oban_jobs";

/// Entries whose minutes are all there, from the first to the present one.
const COMPLETE: &str = "SELECT count(*) FROM (
       SELECT count(*) AS jobs, min((meta->>'cron_at')::timestamptz) AS first, max((meta->>'cron_at')::timestamptz) AS last
       FROM oban_jobs
       GROUP BY meta->>'cron_name'
     ) AS entry
     WHERE jobs >= {minutes} AND last >= now() - interval '2 minutes'
       AND first = (SELECT min(minute) AT TIME ZONE 'UTC' + interval '1 minute' FROM oban_cron_runs WHERE outcome = 'begun')
       AND jobs = 1 + extract(epoch FROM last - first) / 60";

fn filled(text: &str) -> String {
    text.replace("{minutes}", &MINUTES.to_string()).replace("{entries}", &ENTRIES.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn five_processes_insert_a_thousand_minutes_once_however_they_die() {
    let database = Database::migrated().await;
    database.run(&filled(SEEN)).await;
    let settings = |name| Settings::new(name, database.url()).entries(usize::try_from(ENTRIES).unwrap());
    let mut killed_at = Vec::new();
    for (round, name) in ["one", "two", "three"].into_iter().enumerate() {
        let (doomed, other) = (settings(name), settings("other"));
        let (doomed, other) = tokio::join!(doomed.start(), other.start());
        // Each round lets them get further.
        let some = i64::try_from(round).unwrap() * 2_000 + 1;
        eventually("some jobs are inserted", || async {
            let count = database.number("SELECT count(*) FROM oban_jobs").await;
            if count >= some { Ok(()) } else { Err(count) }
        })
        .await;
        database.end_connections().await;
        doomed.kill().await;
        other.kill().await;
        killed_at.push(database.number("SELECT count(*) FROM oban_jobs").await);
        assert_eq!(database.number(DOUBLES).await, 0, "after {killed_at:?}");
    }
    let names = ["a", "b", "c", "d", "e"].map(settings);
    let [a, b, c, d, e] = &names;
    let (a, b, c, d, e) = tokio::join!(a.start(), b.start(), c.start(), d.start(), e.start());
    database.end_connections().await;
    eventually("each minute of each entry has its job", || async {
        let complete = database.number(&filled(COMPLETE)).await;
        if complete == ENTRIES { Ok(()) } else { Err(complete) }
    })
    .await;
    assert_eq!(database.number(DOUBLES).await, 0);
    println!("killed at {killed_at:?} of {} jobs", ENTRIES * MINUTES);
    for node in [a, b, c, d, e] {
        node.stop().await;
    }
}
