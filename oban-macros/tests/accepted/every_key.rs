//! Each key reaches the stored job.

use oban::{JobArgs, job};

#[job(
    queue = "mailers",
    max_attempts = 3,
    priority = 9,
    tags("Billing", "eu"),
    meta(team = "growth", "trace-id" = -7, ratio = 0.5, on = true, hours = [9, "noon", []],
         limits(daily = 3)),
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

    let slow = SendWelcome { user_id: 1 }.queue("slow");
    assert_eq!((slow.queue.as_str(), slow.priority), ("slow", 9));
}
