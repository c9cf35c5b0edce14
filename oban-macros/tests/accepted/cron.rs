//! A worker's entry, with args made of nothing.

use oban::{CronEntry, JobArgs, job};

#[job(cron = "0 9 * * MON-FRI", timezone = "Europe/Berlin", catch_up = "1h", queue = "reports", priority = 2)]
struct SendReport {
    #[serde(default = "weekly")]
    kind: String,
    limit: Option<u32>,
}

fn weekly() -> String {
    "weekly".to_owned()
}

#[job(cron = "@hourly")]
struct Sweep;

#[job(cron = "@daily")]
struct Needy {
    id: i64,
}

#[job]
struct Plain {}

#[test]
fn an_entry_has_the_defaults_of_its_kind() {
    let entry = SendReport::cron().unwrap();
    assert_eq!(entry.expression, "0 9 * * MON-FRI");
    assert_eq!(entry.timezone.as_deref(), Some("Europe/Berlin"));
    assert_eq!(entry.catch_up.as_duration().as_secs(), 3600);
    assert_eq!((entry.job.queue.as_str(), entry.job.priority), ("reports", 2));
    assert_eq!(entry.job.args.to_string(), r#"{"kind":"weekly","limit":null}"#);
    assert_eq!(Sweep::cron().unwrap(), CronEntry::new("@hourly", Sweep));
    assert_eq!(Plain::cron(), None);
    // Whether args can be made is known at start only.
    assert_eq!(Needy::cron().unwrap().job.args.to_string(), "{}");
    assert_eq!(Needy { id: 1 }.into_job().args["id"], 1);
}
