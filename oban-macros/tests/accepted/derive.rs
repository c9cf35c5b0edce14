//! `#[derive(Job)]` leaves serde to the struct.

use oban::{Job, JobArgs, Replace, ReplaceField, Unique};
use serde::{Deserialize, Serialize};

use by_hand::ByHand;

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

mod by_hand {
    #![expect(deprecated, reason = "serde is written by hand, and stores another key than that of the field")]

    #[derive(oban::Job)]
    #[job(unique(period = "1h", keys("user")), replace(any(args)))]
    pub(super) struct ByHand {
        pub(super) user_id: i64,
    }
}

impl Serialize for ByHand {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([("user", self.user_id)])
    }
}

impl<'de> Deserialize<'de> for ByHand {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let args = std::collections::HashMap::<String, i64>::deserialize(deserializer)?;
        let user_id = args.get("user").copied().ok_or_else(|| serde::de::Error::missing_field("user"))?;
        Ok(Self { user_id })
    }
}

#[test]
fn the_derive_makes_unique_jobs_of_args_by_hand() {
    let job = ByHand { user_id: 1 }.into_job();

    assert_eq!(job.args.to_string(), r#"{"user":1}"#);
    assert_eq!(job.unique, Some(Unique::within("1h").keys(["user"])));
    assert_eq!(job.replace, Replace::always([ReplaceField::Args]));
}
