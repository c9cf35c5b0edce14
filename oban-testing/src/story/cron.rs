use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use oban_core::{
    Builder, Config, Context, CronAction, CronCheck, CronEntry, CronInsert, CronKey, CronRun, Engine,
    ErrorKind, Job, JobArgs, JobFilter, JobState, Lease, Outcome, Performed, Worker,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Cluster,
    cast::{Act, Notes, Scene},
    cluster::eventually,
    faulty::{Faulty, REFUSED_ENTRY},
};

/// An entry of every minute, by its name.
pub(crate) fn minutely(name: &str) -> CronEntry {
    CronEntry::new("* * * * *", Act::job(name, Scene::Complete)).name(name)
}

fn key(name: &str) -> CronKey {
    CronKey { name: name.to_owned(), schedule: "* * * * * Etc/UTC".to_owned() }
}

/// The store's time.
async fn now(engine: &dyn Engine) -> DateTime<Utc> {
    engine.check_cron(CronCheck { instance: "Oban", entries: &[key("clock")] }).await.unwrap().now
}

/// Lets the store know an entry since so many minutes, as if a node had stopped then. Returns that minute.
pub(crate) async fn seen(c: &Cluster, name: &str, minutes_ago: i64) -> DateTime<Utc> {
    let now = now(&*c.engine).await;
    let minute =
        DateTime::from_timestamp(now.timestamp() / 60 * 60, 0).unwrap() - TimeDelta::minutes(minutes_ago);
    let runs = [CronRun { key: key(name), minute, action: CronAction::Begin }];
    let insert = CronInsert { instance: "Oban", runs: &runs, keep: 1000 };
    assert_eq!(c.engine.insert_cron_jobs(insert).await.unwrap().len(), 1);
    minute
}

/// The minutes of the jobs of an entry, sorted.
async fn minutes(c: &Cluster, name: &str) -> Vec<DateTime<Utc>> {
    let minute = |job: &Job| job.meta["cron_at"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
    let jobs = c.engine.list_jobs(&JobFilter::all()).await.unwrap();
    let mut minutes: Vec<_> = jobs.iter().filter(|job| job.meta["cron_name"] == name).map(minute).collect();
    minutes.sort();
    minutes
}

/// Waits until each minute after `since` has one job, the present minute included.
async fn complete(c: &Cluster, name: &str, since: DateTime<Utc>) {
    eventually("each minute has its job", || async {
        let (found, now) = (minutes(c, name).await, now(&*c.engine).await);
        let unique: BTreeSet<_> = found.iter().copied().collect();
        assert_eq!(unique.len(), found.len(), "a minute was inserted twice: {found:?}");
        let expected = (now - since).num_minutes();
        let is_gapless = found.first().is_none_or(|first| *first == since + TimeDelta::minutes(1));
        assert!(is_gapless, "the oldest comes first: {found:?}");
        if i64::try_from(found.len()).unwrap() == expected { Ok(()) } else { Err((found.len(), expected)) }
    })
    .await;
}

fn with_queue(builder: Builder<Notes>) -> Builder<Notes> {
    builder.queue("default", 5)
}

pub async fn inserts_each_minute_once_on_three_nodes(c: Cluster) {
    let since = seen(&c, "a", 200).await;
    let entry = || minutely("a").catch_up("1d");
    let node =
        |engine: &Arc<dyn Engine>, name| with_queue(c.node_on(Arc::clone(engine), name)).cron_entry(entry());
    let (one, two, three) = tokio::try_join!(
        node(&c.engine, "web.1").start(),
        node(&c.other, "web.2").start(),
        node(&c.other, "web.3").start()
    )
    .unwrap();
    complete(&c, "a", since).await;
    tokio::try_join!(one.stop(), two.stop(), three.stop()).unwrap();
    let late = node(&c.engine, "web.4").start().await.unwrap();
    complete(&c, "a", since).await;
    late.stop().await.unwrap();
}

pub async fn catches_up_on_what_nobody_inserted(c: Cluster) {
    for name in ["short", "long", "none"] {
        seen(&c, name, 90).await;
    }
    let before = now(&*c.engine).await;
    let oban = with_queue(c.node())
        .cron_entry(minutely("short"))
        .cron_entry(minutely("long").catch_up("1h"))
        .cron_entry(minutely("none").catch_up("0s"))
        .start()
        .await
        .unwrap();
    eventually("the last entry has its job", || async {
        if minutes(&c, "none").await.is_empty() { Err(()) } else { Ok(()) }
    })
    .await;
    let after = now(&*c.engine).await;
    // A minute may begin meanwhile.
    let passed = usize::try_from((after - before).num_minutes() + 1).unwrap();
    for (name, count) in [("short", 6), ("long", 61), ("none", 1)] {
        let found = minutes(&c, name).await.len();
        assert!((count..=count + passed).contains(&found), "{name}: {found}");
    }
    oban.stop().await.unwrap();
}

pub async fn runs_what_is_due_at_a_start(c: Cluster) {
    let at_start = || CronEntry::new("@reboot", Act::job("boot", Scene::Complete)).name("boot");
    let oban = with_queue(c.node()).cron_entry(at_start()).start().await.unwrap();
    c.notes.started("boot").await;
    oban.stop().await.unwrap();
    let boots = minutes(&c, "boot").await;
    assert_eq!(boots.len(), 1);
    let again =
        with_queue(c.other_node()).cron_entry(at_start()).cron_entry(minutely("a")).start().await.unwrap();
    // Both are offered by the same round.
    eventually("the store knows the other entry", || async {
        let check = CronCheck { instance: "Oban", entries: &[key("a")] };
        if c.engine.check_cron(check).await.unwrap().entries[0].is_known { Ok(()) } else { Err(()) }
    })
    .await;
    let minutes = minutes(&c, "boot").await;
    let unique: BTreeSet<_> = minutes.iter().collect();
    assert_eq!(unique.len(), minutes.len(), "starts within a minute are one: {minutes:?}");
    assert!(minutes.starts_with(&boots));
    again.stop().await.unwrap();
}

/// What `#[job(cron = "@reboot", ..)]` makes.
#[derive(Serialize, Deserialize)]
struct Sweep {
    depth: Option<u32>,
}

impl JobArgs for Sweep {
    const WORKER: &'static str = "Sweep";

    fn cron() -> Option<CronEntry> {
        Some(CronEntry::of::<Self>("@reboot"))
    }
}

impl Worker<Notes> for Sweep {
    async fn perform(self, _: Context<Notes>) -> Performed {
        Ok(Outcome::Complete)
    }
}

pub async fn runs_the_entry_of_a_worker(c: Cluster) {
    let oban = with_queue(c.node()).worker::<Sweep>().cron_timezone("Asia/Tokyo").start().await.unwrap();
    c.count_becomes(JobState::Completed, 1).await;
    let job = c.engine.list_jobs(&JobFilter::worker("Sweep")).await.unwrap().remove(0);
    assert_eq!(job.args, serde_json::json!({"depth": null}));
    for (key, value) in [("cron_expr", "@reboot"), ("cron_tz", "Asia/Tokyo")] {
        assert_eq!(job.meta[key], value);
    }
    assert_eq!(job.meta["cron"], true);
    oban.stop().await.unwrap();
}

fn config(cron: &serde_json::Value) -> Config {
    serde_json::from_value(serde_json::json!({ "cron": cron })).unwrap()
}

pub async fn runs_the_entries_of_a_configuration(c: Cluster) {
    let entries = serde_json::json!([
        {"expression": "@reboot", "worker": "Sweep", "name": "deep", "args": {"depth": 3}, "tags": ["a"], "priority": 4,
         "max_attempts": 2, "meta": {"m": 1}, "timezone": "Asia/Tokyo", "catch_up": "1h"},
        {"expression": "@reboot", "worker": "Sweep", "name": "code"},
    ]);
    let oban = with_queue(c.node())
        .worker::<Sweep>()
        .cron_entry(CronEntry::new("@yearly", Sweep { depth: Some(9) }).name("code"))
        .config(config(&entries))
        .start()
        .await
        .unwrap();
    // That of the worker, that of code in the version of the configuration, and another one.
    c.count_becomes(JobState::Completed, 3).await;
    let jobs = c.engine.list_jobs(&JobFilter::worker("Sweep")).await.unwrap();
    let of = |name: &str| jobs.iter().find(|job| job.meta["cron_name"] == name).unwrap();
    let deep = of("deep");
    assert_eq!((deep.priority, deep.max_attempts, &*deep.tags), (4, 2, &["a".to_owned()][..]));
    assert_eq!((&deep.args, &deep.meta["m"]), (&serde_json::json!({"depth": 3}), &serde_json::json!(1)));
    assert_eq!(deep.meta["cron_tz"], "Asia/Tokyo");
    assert_eq!(of("code").args, serde_json::json!({"depth": null}));
    oban.stop().await.unwrap();

    let none = with_queue(c.other_node()).worker::<Sweep>().cron_entry(minutely("a"));
    let oban = none.config(config(&false.into())).start().await.unwrap();
    let job = oban.insert(Act::job("last", Scene::Complete)).await.unwrap();
    c.notes.started("last").await;
    oban.stop().await.unwrap();
    let jobs = c.engine.list_jobs(&JobFilter::all()).await.unwrap();
    assert_eq!(jobs.iter().filter(|found| found.id != job.id).count(), 3, "entries of code are off as well");
}

pub async fn refuses_bad_entries_of_a_configuration(c: Cluster) {
    let entries = serde_json::json!([
        {"expression": "@reboot", "worker": "Swep"},
        {"expression": "@reboot", "worker": "Sweep", "args": {"depth": "far"}},
        {"expression": "0 25 * * *", "worker": "Sweep"},
        {"expresion": "@daily", "worker": "Sweep"},
        {"expression": "@daily", "worker": "Sweep", "priority": -1, "tags": 1},
        "@daily",
        {"expression": "@daily", "worker": "Sweep", "name": "a"},
        {"expression": "@weekly", "worker": "Sweep", "name": "a"},
    ]);
    let builder = with_queue(c.node()).worker::<Sweep>().config(config(&entries));
    let error = builder.start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let told = error.to_string();
    for part in [
        "cron entry \"@reboot\" of \"Swep\": this node has no such worker; give it to the builder, or use one of",
        "cron entry \"@reboot\" of \"Sweep\": its args do not fit the worker",
        "hour 25",
        "config: cron.3: an entry needs \"expression\"",
        "config: cron.3.expresion: unknown key; did you mean \"expression\"?",
        "config: cron.4.priority: -1 is not a priority",
        "config: cron.4.tags: 1 is not a list of names",
        "config: cron.5: \"@daily\" is not an entry",
        "config: cron.7.name: another entry is called \"a\" as well",
    ] {
        assert!(told.contains(part), "{part} is missing in: {told}");
    }
    assert_eq!(c.engine.list_jobs(&JobFilter::all()).await.unwrap(), []);
}

pub async fn inserts_nothing_twice_when_answers_are_lost(c: Cluster) {
    let since = seen(&c, "a", 50).await;
    let faulty = Arc::new(Faulty::new(Arc::clone(&c.engine)));
    faulty.lose_next_crons(2);
    let entry = minutely("a").catch_up("1d");
    let oban =
        with_queue(c.node_on(Arc::clone(&faulty) as _, "web.1")).cron_entry(entry).start().await.unwrap();
    complete(&c, "a", since).await;
    oban.stop().await.unwrap();
}

pub async fn goes_on_after_an_outage(c: Cluster) {
    let since = seen(&c, "a", 3).await;
    let faulty = Arc::new(Faulty::new(Arc::clone(&c.engine)));
    faulty.fail_next_calls(40);
    let oban = with_queue(c.node_on(Arc::clone(&faulty) as _, "web.1"))
        .cron_entry(CronEntry::new("@reboot", Act::job("boot", Scene::Complete)).name("boot"))
        .cron_entry(minutely("a"))
        .start()
        .await
        .unwrap();
    c.notes.started("boot").await;
    complete(&c, "a", since).await;
    assert_eq!(minutes(&c, "boot").await.len(), 1);
    oban.stop().await.unwrap();
}

pub async fn one_entry_that_is_refused_holds_up_no_other(c: Cluster) {
    let since = seen(&c, "a", 3).await;
    seen(&c, REFUSED_ENTRY, 3).await;
    let faulty = Arc::new(Faulty::new(Arc::clone(&c.engine)));
    let oban = with_queue(c.node_on(faulty, "web.1"))
        .cron_entry(minutely(REFUSED_ENTRY))
        .cron_entry(minutely("a"))
        .start()
        .await
        .unwrap();
    complete(&c, "a", since).await;
    assert!(minutes(&c, REFUSED_ENTRY).await.is_empty());
    oban.stop().await.unwrap();
}

pub async fn needs_no_leader(c: Cluster) {
    let ttl = std::time::Duration::from_secs(3600);
    let lease = Lease { name: "Oban".into(), node: "elsewhere".into(), uuid: Uuid::new_v4(), ttl };
    assert!(c.engine.campaign(&lease).await.unwrap());
    let since = seen(&c, "a", 2).await;
    let oban = with_queue(c.node()).cron_entry(minutely("a")).start().await.unwrap();
    complete(&c, "a", since).await;
    assert!(!oban.is_leader());
    oban.stop().await.unwrap();
}

/// Its args cannot be made of `{}`.
#[derive(Serialize, Deserialize)]
struct Needy {
    user_id: i64,
}

impl JobArgs for Needy {
    const WORKER: &'static str = "Needy";

    fn cron() -> Option<CronEntry> {
        Some(CronEntry::of::<Self>("@daily"))
    }
}

impl Worker<Notes> for Needy {
    async fn perform(self, _: Context<Notes>) -> Performed {
        Ok(Outcome::Complete)
    }
}

pub async fn refuses_bad_entries_before_anything_runs(c: Cluster) {
    let builder = with_queue(c.node())
        .worker::<Needy>()
        .cron("0 25 * * *", Act::job("a", Scene::Complete))
        .cron("@daily", Act::job("a", Scene::Complete).priority(11))
        .cron_timezone("Mars/Base");
    let error = builder.start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let told = error.to_string();
    for part in [
        "hour 25",
        "priority 11",
        "Mars/Base",
        "cron entry \"@daily\" of \"Needy\"",
        "`user_id`",
        "#[serde(default)]",
    ] {
        assert!(told.contains(part), "{part} is missing in: {told}");
    }
}
