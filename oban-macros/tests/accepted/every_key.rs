//! Each key reaches the stored job.

use oban::{
    JobArgs, JobState, Replace, ReplaceField, Unique, UniqueField, UniqueStates, UniqueTimestamp, job,
};

#[job(
    queue = "mailers",
    max_attempts = 3,
    priority = 9,
    tags("Billing", "eu"),
    meta(team = "growth", "trace-id" = -7, ratio = 0.5, on = true, hours = [9, "noon", []],
         limits(daily = 3)),
    unique(period = "1h30m", fields(args, "meta", queue), keys("user_id", tenant), states = "incomplete",
           timestamp = "scheduled_at"),
    replace(tags, scheduled(priority, scheduled_at), available("priority"), any(queue)),
    worker = "MyApp.Mailer",
    aliases("Mailer", "SendWelcome"),
)]
struct SendWelcome {
    user_id: i64,
}

#[test]
fn each_key_reaches_the_stored_job() {
    let job = SendWelcome { user_id: 1 }.into_job();

    assert_eq!(job.worker, "MyApp.Mailer");
    assert_eq!(SendWelcome::ALIASES, ["Mailer", "SendWelcome"]);
    assert_eq!(job.args.to_string(), r#"{"user_id":1}"#);
    assert_eq!(job.queue, "mailers");
    assert_eq!(job.max_attempts, 3);
    assert_eq!(job.priority, 9);
    assert_eq!(job.tags, ["billing", "eu"]);
    assert_eq!(job.meta["team"], "growth");
    assert_eq!(job.meta["trace-id"], -7);
    assert_eq!(job.meta["ratio"], 0.5);
    assert_eq!(job.meta["on"], true);
    assert_eq!(job.meta["hours"].to_string(), r#"[9,"noon",[]]"#);
    assert_eq!(job.meta["limits"]["daily"], 3);
    job.validate().unwrap();
    let unique = Unique::within("90m")
        .fields([UniqueField::Args, UniqueField::Meta, UniqueField::Queue])
        .keys(["user_id", "tenant"])
        .states(UniqueStates::Incomplete)
        .timestamp(UniqueTimestamp::ScheduledAt);
    let replace = Replace::always([ReplaceField::Tags, ReplaceField::Queue])
        .in_state(JobState::Scheduled, [ReplaceField::Priority, ReplaceField::ScheduledAt])
        .in_state(JobState::Available, [ReplaceField::Priority]);
    assert_eq!((job.unique.as_ref(), &job.replace), (Some(&unique), &replace));

    let slow = SendWelcome { user_id: 1 }.queue("slow");
    assert_eq!((slow.queue.as_str(), slow.priority), ("slow", 9));
}

#[job(unique)]
struct Plain {}

#[job(unique(states("scheduled", available), fields = "worker", period = "infinity"))]
struct Listed;

mod meant {
    #![expect(deprecated, reason = "the gap is meant")]

    #[oban::job(unique(states = "executing"))]
    pub(super) struct Gap {}
}

#[test]
fn what_is_not_said_of_uniqueness_is_the_default() {
    assert_eq!(Plain {}.into_job().unique, Some(Unique::default()));
    let states = UniqueStates::List(vec![JobState::Available, JobState::Scheduled]);
    let listed = Unique::forever().fields([UniqueField::Worker]).states(states);
    assert_eq!(Listed.into_job().unique, Some(listed));
    let gap = meant::Gap {}.into_job().unique.unwrap();
    assert_eq!(gap.counted_states(), [JobState::Executing]);
    assert_eq!(gap.counted_period(), Some(std::time::Duration::from_secs(60)));
}

#[job(unique(keys("userId", "type", tenant)))]
struct Renamed {
    #[serde(rename = "userId")]
    user_id: i64,
    r#type: String,
    #[serde(default)]
    tenant: i64,
}

#[test]
fn keys_are_those_of_the_stored_args() {
    let job = Renamed { user_id: 1, r#type: "daily".to_owned(), tenant: 2 }.into_job();

    assert_eq!(job.args.to_string(), r#"{"tenant":2,"type":"daily","userId":1}"#);
    assert_eq!(job.unique, Some(Unique::default().keys(["userId", "type", "tenant"])));
}
