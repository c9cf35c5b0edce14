//! Each key from each source, what is wrong with values, and which source counts.

use std::time::Duration;

use serde_json::json;

use super::{Config, Settings, key::Key, keys::ROOT};
use crate::{CronEntry, JobState, Lifeline, NewJob, Pruner, QueueOptions, Reindexer};

fn settings<const N: usize>(configs: [Config; N]) -> Settings {
    let cron = vec![CronEntry::new("@daily", NewJob::new("Clean", json!({})))];
    let mut settings = Settings { node: "code.1".to_owned(), cron, ..Settings::default() };
    Config::apply_all(configs.into(), &mut settings);
    settings
}

fn env(key: &str, value: &str) -> Config {
    Config::from_vars([(key.to_owned(), value.to_owned())])
}

/// Each key, a value in TOML, the same as a text in the environment, and how to see that it was taken.
type Case = (&'static str, &'static str, &'static str, fn(&Settings) -> bool);

const MINUTE: Duration = Duration::from_secs(60);

const CASES: &[Case] = &[
    ("name", "'Mailer'", "Mailer", |settings| settings.name == "Mailer"),
    ("node", "'web.1'", "web.1", |settings| settings.node == "web.1"),
    (
        "queues",
        "{ mailers = 10, images = { limit = 4, blocking = true, paused = true, read_ahead = false } }",
        "mailers:10, images:4:blocking:paused:without_read_ahead",
        |settings| {
            let mut queues = settings.queues.clone();
            queues.sort_by(|one, other| one.0.cmp(&other.0));
            let images = QueueOptions::limit(4).blocking().paused().without_read_ahead();
            queues == [("images".to_owned(), images), ("mailers".to_owned(), 10.into())]
        },
    ),
    ("stage_interval", "'1m'", "1m", |settings| settings.stage_interval == MINUTE),
    ("heartbeat_interval", "'1m'", "1m", |settings| settings.heartbeat_interval == MINUTE),
    ("stale_after", "'1m'", "1m", |settings| settings.stale_after == MINUTE),
    ("gossip", "'1m'", "1m", |settings| settings.gossip_interval == Some(MINUTE)),
    ("cron", "false", "false", |settings| settings.cron.is_empty()),
    ("cron_timezone", "'Asia/Tokyo'", "Asia/Tokyo", |settings| {
        settings.cron_timezone.as_deref() == Some("Asia/Tokyo")
    }),
    ("lease", "'1m'", "1m", |settings| settings.lease == MINUTE),
    ("leadership", "false", "false", |settings| !settings.leadership),
    ("cancel_grace_period", "'1m'", "1m", |settings| settings.cancel_grace_period == MINUTE),
    ("shutdown_grace_period", "'1m'", "1m", |settings| settings.shutdown_grace_period == MINUTE),
    ("lifeline", "false", "false", |settings| settings.lifeline.is_none()),
    ("pruner", "'1m'", "1m", |settings| settings.pruner == Some(Pruner::after("1m"))),
    ("reindexer", "'03:30'", "03:30", |settings| settings.reindexer == Some(Reindexer::daily_at("03:30"))),
];

/// The same for keys of services.
const PARTS: &[Case] = &[
    ("lifeline.interval", "'1m'", "1m", |settings| {
        has_lifeline(settings, Lifeline::default().interval("1m"))
    }),
    ("lifeline.rescue_after", "'1m'", "1m", |settings| {
        has_lifeline(settings, Lifeline::default().rescue_after("1m"))
    }),
    ("lifeline.limit", "7", "7", |settings| has_lifeline(settings, Lifeline::default().limit(7))),
    ("pruner.after", "'1m'", "1m", |settings| has_pruner(settings, Pruner::after("1m"))),
    ("pruner.completed", "'1m'", "1m", |settings| has_pruner(settings, Pruner::default().completed("1m"))),
    ("pruner.cancelled", "'1m'", "1m", |settings| has_pruner(settings, Pruner::default().cancelled("1m"))),
    ("pruner.discarded", "false", "false", |settings| {
        has_pruner(settings, Pruner::default().keep(JobState::Discarded))
    }),
    ("pruner.interval", "'1m'", "1m", |settings| has_pruner(settings, Pruner::default().interval("1m"))),
    ("pruner.limit", "7", "7", |settings| has_pruner(settings, Pruner::default().limit(7))),
    ("reindexer.daily_at", "'03:30'", "03:30", |settings| {
        settings.reindexer == Some(Reindexer::daily_at("03:30"))
    }),
    ("reindexer.indexes", "['a', 'b']", "a, b", |settings| {
        settings.reindexer == Some(Reindexer::default().indexes(["a", "b"]))
    }),
    ("reindexer.timeout", "'1m'", "1m", |settings| {
        settings.reindexer == Some(Reindexer::default().timeout("1m"))
    }),
];

fn has_lifeline(settings: &Settings, lifeline: Lifeline) -> bool {
    settings.lifeline == Some(lifeline)
}

fn has_pruner(settings: &Settings, pruner: Pruner) -> bool {
    settings.pruner == Some(pruner)
}

#[test]
fn takes_each_key_from_each_source() {
    let tested: Vec<_> = CASES.iter().map(|(key, ..)| *key).collect();
    let keys: Vec<_> = ROOT.iter().map(|key| key.name).collect();
    assert_eq!(tested, keys, "each key has its case");
    let tested: Vec<_> = PARTS.iter().map(|(key, ..)| (*key).to_owned()).collect();
    let part = |key: &Key<Settings>| -> Vec<String> {
        (key.parts)().iter().map(|part| format!("{}.{part}", key.name)).collect()
    };
    assert_eq!(tested, ROOT.iter().flat_map(part).collect::<Vec<_>>(), "each part has its case");
    for (key, toml, text, taken) in CASES.iter().chain(PARTS) {
        assert!(!taken(&settings([])), "{key} has another default");
        let file = Config::from_toml(&format!("{key} = {toml}"));
        let parsed: ::toml::Value = ::toml::from_str(&format!("{key} = {toml}")).unwrap();
        let values: Config = serde_json::from_value(json!(parsed)).unwrap();
        let environment = env(&format!("OBAN_{}", key.to_uppercase().replace('.', "_")), text);
        for config in [file, values, environment] {
            let settings = settings([config.clone()]);
            assert_eq!(settings.problems, Vec::<String>::new(), "{config:?}");
            assert!(taken(&settings), "{key} of {config:?}");
        }
    }
}

#[test]
fn the_environment_counts_more_than_a_file_and_a_later_file_more_than_an_earlier() {
    let file = |node: &str| Config::from_toml(&format!("node = '{node}'"));
    assert_eq!(settings([file("one"), file("two")]).node, "two");
    assert_eq!(settings([env("OBAN_NODE", "env"), file("one")]).node, "env");
    assert_eq!(settings([file("one"), env("OBAN_NODE", "env")]).node, "env");
    let queues = [env("OBAN_QUEUES", ""), Config::from_toml("queues = { mailers = 1 }")];
    assert_eq!(settings(queues).queues, [], "an empty list is no queues");
}

#[test]
fn takes_the_settings_of_a_service_one_by_one() {
    let file = Config::from_toml("[pruner]\nafter = '7d'\ndiscarded = '30d'\nlimit = 5");
    let environment = Config::from_vars(
        [("OBAN_PRUNER_DISCARDED", "60d"), ("OBAN_REINDEXER_TIMEOUT", "1m"), ("OBAN_REINDEXER", "03:30")]
            .map(|(key, value)| (key.to_owned(), value.to_owned())),
    );
    let settings = settings([environment, file]);
    assert_eq!(settings.problems, Vec::<String>::new());
    assert_eq!(settings.pruner, Some(Pruner::after("7d").discarded("60d").limit(5)));
    assert_eq!(settings.reindexer, Some(Reindexer::daily_at("03:30").timeout("1m")));
}

#[test]
fn names_what_is_wrong_and_the_cure() {
    let cases = [
        ("stage_interval = 5", "TOML: stage_interval: 5 is not a period; write it like \"30s\""),
        ("stage_interval = '5'", "TOML: stage_interval: \"5\" is no period"),
        ("node = 1", "TOML: node: 1 is not a text"),
        ("nodes = 'a'", "TOML: nodes: unknown key; did you mean \"node\"?"),
        ("xyz = 'a'", "TOML: xyz: unknown key; there are name, node, queues,"),
        ("queues = ['a']", "TOML: queues: [\"a\"] is no table of queues"),
        ("queues.a = 'ten'", "TOML: queues.a: \"ten\" is not a limit; write it like 10"),
        ("queues.a = -1", "TOML: queues.a: -1 is not a limit"),
        ("queues.a = {}", "TOML: queues.a: a queue needs a limit"),
        ("queues.a = { limit = 1, paused = 1 }", "TOML: queues.a.paused: 1 is not true or false"),
        (
            "queues.a = { limit = 1, pause = true }",
            "TOML: queues.a.pause: unknown key; did you mean \"paused\"?",
        ),
        ("[queues]\na = 1\nlease = '1m'", "TOML: queues.lease: what stands below [queues] is a queue"),
        ("lifeline = 5", "TOML: lifeline: 5 is not a service's settings; write it like { limit = 1000 }"),
        ("lifeline = '5m'", "TOML: lifeline: \"5m\" is not a service's settings"),
        ("pruner = { complete = '1d' }", "TOML: pruner.complete: unknown key; did you mean \"completed\"?"),
        ("pruner = { completed = true }", "TOML: pruner.completed: true is not a period"),
        ("reindexer = '25:00'", "TOML: reindexer.daily_at: \"25:00\" is no time of day"),
        ("reindexer.indexes = []", "TOML: reindexer.indexes: [] is not a list of names"),
        ("cron = 5", "TOML: cron: 5 is not a list of entries; write it like [{ expression ="),
        ("cron = [{ worker = 'A' }]", "TOML: cron.0: an entry needs \"expression\""),
        ("[[cron]]\nexpression = 1", "TOML: cron.0.expression: 1 is not a text"),
        ("a = 1\nb = \n", "TOML: line 2: "),
        ("node = 'a'\nnode = 'b'", "TOML: line 2: duplicate key"),
    ];
    for (toml, expected) in cases {
        let problems = settings([Config::from_toml(toml)]).problems;
        assert!(problems.iter().any(|problem| problem.starts_with(expected)), "{toml}: {problems:?}");
    }
    let cases = [
        ("OBAN_LEASE", "", "OBAN_LEASE: \"\" is no period"),
        ("OBAN_CRON", "@daily", "OBAN_CRON: \"@daily\" is not a list of entries, which only a file can give"),
        ("OBAN_QUEUES", "mailers", "OBAN_QUEUES: \"mailers\" has no limit; write it like \"mailers:10\""),
        ("OBAN_QUEUES", "mailers:x", "OBAN_QUEUES: \"x\" is not a limit"),
        (
            "OBAN_QUEUES",
            "mailers:1:stopped",
            "OBAN_QUEUES: \"stopped\" in \"mailers:1:stopped\" is no option",
        ),
        ("OBAN_PRUNER", "soon", "OBAN_PRUNER_AFTER: \"soon\" is no period"),
        ("OBAN_PRUNER_LIMIT", "many", "OBAN_PRUNER_LIMIT: \"many\" is not a limit"),
        (
            "OBAN_PRUNER_DISCARDD",
            "1d",
            "OBAN_PRUNER_DISCARDD is no setting; did you mean OBAN_PRUNER_DISCARDED?",
        ),
        (
            "OBAN_STAGE_INTERVALL",
            "1s",
            "OBAN_STAGE_INTERVALL is no setting; did you mean OBAN_STAGE_INTERVAL?",
        ),
    ];
    for (key, value, expected) in cases {
        let problems = settings([env(key, value)]).problems;
        assert!(problems.len() == 1 && problems[0].starts_with(expected), "{key}={value}: {problems:?}");
    }
}

#[test]
fn tells_all_problems_of_all_sources() {
    let configs = [
        Config::from_toml("a = 1\nlease = 1\nqueues.x = 'x'"),
        env("OBAN_LEASE", "x"),
        Config::from_file("/no/file"),
    ];
    let problems = settings(configs).problems;
    assert_eq!(problems.len(), 5, "{problems:?}");
    assert!(problems.iter().any(|problem| problem.starts_with("/no/file: ")), "{problems:?}");
}

#[test]
fn passes_over_what_is_somebody_elses() {
    let others = [
        ("OBAN_SERVICE_HOST", "10.0.0.1"),
        ("OBAN_PORT", "tcp://10.0.0.1:80"),
        ("OBAN_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("OBAN_DSN", "postgres://"),
        ("OBAN_TEST_POSTGRES_URL", "postgres://"),
        ("PATH", "/bin"),
        ("NODE", "x"),
    ];
    for (key, value) in others {
        assert_eq!(settings([env(key, value)]).problems, Vec::<String>::new(), "{key}");
    }
}

#[test]
fn reads_a_file() {
    let path = std::env::temp_dir().join(format!("oban-config-{}.toml", std::process::id()));
    std::fs::write(&path, "node = 'from a file'\nlease = 1").unwrap();
    let settings = settings([Config::from_file(&path)]);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(settings.node, "from a file");
    assert_eq!(
        settings.problems,
        [format!("{}: lease: 1 is not a period; write it like \"30s\"", path.display())]
    );
}
