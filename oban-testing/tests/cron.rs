//! A thousand minutes of five nodes that come and go, with a clock that steps, in virtual time.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use oban_core::{
    Clock, Context, CronCheck, CronEntry, CronKey, Engine, Inspect, Job, JobArgs, JobFilter, Lease, Oban,
    Outcome, Peer, Performed, Worker,
};
use oban_testing::Memory;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;
use uuid::Uuid;

#[derive(Serialize, Deserialize)]
struct Tick {}

impl JobArgs for Tick {
    const WORKER: &'static str = "Tick";
}

impl Worker for Tick {
    async fn perform(self, _: Context) -> Performed {
        Ok(Outcome::Complete)
    }
}

const MINUTES: usize = 1_000;

/// Entries, each with how often it is due.
const ENTRIES: [(&str, &str, i64); 3] =
    [("minutely", "* * * * *", 1), ("often", "*/5 * * * *", 5), ("hourly", "7 * * * *", 60)];

async fn node(memory: &Memory, name: usize) -> Oban {
    let entries = ENTRIES.map(|(name, expression, _)| CronEntry::new(expression, Tick {}).name(name));
    let builder =
        Oban::builder(memory.clone()).node(format!("node.{name}")).queue("default", 5).worker::<Tick>();
    entries
        .into_iter()
        .fold(builder.without_pruner(), |builder, entry| builder.cron_entry(entry))
        .start()
        .await
        .unwrap()
}

async fn now(memory: &Memory) -> DateTime<Utc> {
    let entries = [CronKey { name: "clock".to_owned(), schedule: String::new() }];
    memory.check_cron(CronCheck { instance: "Oban", entries: &entries }).await.unwrap().now
}

/// The minutes of each entry's jobs.
async fn minutes(memory: &Memory) -> BTreeMap<String, Vec<DateTime<Utc>>> {
    let mut minutes: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for Job { meta, .. } in memory.list_jobs(&JobFilter::all()).await.unwrap() {
        let minute = meta["cron_at"].as_str().unwrap().parse().unwrap();
        minutes.entry(meta["cron_name"].as_str().unwrap().to_owned()).or_default().push(minute);
    }
    minutes
}

/// Nobody leads while a stranger holds the lease.
async fn take_the_lease(memory: &Memory) {
    let ttl = Duration::from_secs(150);
    let lease = Lease { name: "Oban".into(), node: "stranger".into(), uuid: Uuid::new_v4(), ttl };
    memory.campaign(&lease).await.unwrap();
}

async fn simulate(seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let clock = Clock::following_tokio();
    let memory = Memory::with_clock(clock.clone());
    let mut nodes: Vec<Option<Oban>> = Vec::new();
    for name in 0..5 {
        nodes.push(Some(node(&memory, name).await));
    }
    let begin = now(&memory).await;
    let mut latest = begin;
    for _ in 0..MINUTES {
        sleep(Duration::from_millis(random.u64(55_000..65_000))).await;
        let name = random.usize(0..nodes.len());
        let are_several = nodes.iter().flatten().count() > 1;
        match random.u32(0..10) {
            0 | 1 if are_several => {
                if let Some(node) = nodes[name].take() {
                    node.stop().await.unwrap();
                }
            }
            2 | 3 if nodes[name].is_none() => nodes[name] = Some(node(&memory, name).await),
            // The leader stops, whoever it is, if another node is left.
            4 if are_several => {
                if let Some(leader) = nodes.iter_mut().find(|node| node.as_ref().is_some_and(Oban::is_leader))
                {
                    leader.take().unwrap().stop().await.unwrap();
                }
            }
            5 => take_the_lease(&memory).await,
            // Two of these between two rounds make a minute late, but not too late.
            6 => clock.advance(TimeDelta::seconds(random.i64(0..140))),
            7 => clock.advance(TimeDelta::seconds(-random.i64(0..600))),
            _ => {}
        }
        latest = latest.max(now(&memory).await);
    }
    // What is due in the last minute is not late yet.
    sleep(Duration::from_secs(61)).await;
    for node in nodes.into_iter().flatten() {
        node.stop().await.unwrap();
    }
    let mut minutes = minutes(&memory).await;
    for (name, _, every) in ENTRIES {
        let found = minutes.remove(name).unwrap_or_default();
        let unique: BTreeSet<_> = found.iter().copied().collect();
        assert_eq!(found.len(), unique.len(), "seed {seed}: {name} ran twice in a minute");
        let is_due =
            |minute: &DateTime<Utc>| minute.timestamp() / 60 % every == if every == 60 { 7 } else { 0 };
        let first = DateTime::from_timestamp(begin.timestamp() / 60 * 60, 0).unwrap();
        let all =
            (1..).map(|passed| first + TimeDelta::minutes(passed)).take_while(|minute| *minute <= latest);
        let missed: Vec<_> = all.filter(is_due).filter(|minute| !unique.contains(minute)).collect();
        assert!(missed.is_empty(), "seed {seed}: {name} did not run at {missed:?}, begun {begin}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_minute_runs_once_whatever_happens_to_leaders_and_clocks() {
    for seed in 0..3 {
        simulate(seed).await;
    }
}
