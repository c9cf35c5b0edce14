//! `#[derive(Job)]` leaves serde to the struct.

use oban::{Job, JobArgs};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Job)]
#[job(queue = "mailers", tags = ["billing", "eu"])]
#[serde(rename_all = "camelCase")]
#[job(priority = 1)]
struct SendWelcome {
    user_id: i64,
}

#[derive(Deserialize, Job, Serialize)]
struct Plain {}

/// The row is still at hand under the derive's name.
fn attempt(job: &Job) -> u32 {
    job.attempt
}

#[test]
fn the_derive_leaves_serde_to_the_struct() {
    let job = SendWelcome { user_id: 1 }.into_job();
    assert_eq!(job.args.to_string(), r#"{"userId":1}"#);
    assert_eq!(job.queue, "mailers");
    assert_eq!(job.tags, ["billing", "eu"]);
    assert_eq!(job.priority, 1);
    assert_eq!(Plain::WORKER, "Plain");
    let _ = attempt;
}
