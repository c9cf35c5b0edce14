#![deny(deprecated)]

use oban::{Job, job};
use serde::{Deserialize, Serialize};

#[job(unique(perod = "60s", fields(args, colour), keys(), states("available", "done"), timestamp = "completed_at"))]
struct Names {
    user_id: i64,
}

#[job(unique(period = "60", fields(queue), keys("user_id"), states("incomplete", "completed"), period = "1s"))]
struct Values {
    user_id: i64,
}

#[job(unique = true, replace = "priority")]
struct Forms {}

#[job(unique(), replace(scheduled, priorty, schedule(args), available(colour), tags = "a", any))]
struct Empty {}

#[job(unique(period = 60, states = all, timestamp))]
struct Zero {}

#[job(unique(period = "infinite", fields(metta), keys("usr_id")))]
struct Nearly {
    user_id: i64,
}

#[job(unique(fields(args, args), states(available, available)), replace(any(tags, tags), tags, any(queue)))]
struct Twice {}

#[job(unique(keys("usr_id", "locale", "", 5)))]
struct Keys {
    user_id: i64,
    #[serde(default)]
    locale: String,
}

#[job(unique(keys("user_id", "tenantId", "cache")))]
struct Renamed {
    #[serde(rename = "userId")]
    user_id: i64,
    #[serde(rename = "tenantId")]
    tenant: i64,
    #[serde(skip)]
    cache: i64,
}

#[job(unique(keys("user_id")))]
struct NoArgs;

#[derive(Serialize, Deserialize, Job)]
#[job(unique(keys("usr_id")))]
struct Derived {
    user_id: i64,
}

#[job(unique(keys("userId")))]
#[serde(rename_all = "camelCase")]
struct NoTelling {
    user_id: i64,
}

#[job(unique(fields(args, meta), keys("tenant")))]
struct OfMeta {
    user_id: i64,
}

#[job(replace(priority))]
struct Alone {}

#[job(unique(states("executing", "retryable")))]
struct NeverBegins {}

#[job(unique(states("available", "scheduled", "executing")))]
struct NeverFails {}

#[derive(Serialize, Deserialize, Job)]
#[job(unique(states("available", "scheduled", "completed")))]
struct Between {}

#[allow(deprecated)]
#[job(unique(states("executing")))]
struct Meant {}

#[derive(Serialize, Deserialize, Job)]
#[job(unique(keys("usr_id")))]
#[allow(deprecated)]
struct MeantToo {
    user_id: i64,
}

fn main() {}
