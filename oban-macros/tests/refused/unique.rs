#![deny(deprecated)]

use oban::job;

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

#[job(unique(), replace(scheduled, priorty, schedule(args), available(colour)))]
struct Empty {}

#[job(unique(period = 60, states = all, timestamp))]
struct Zero {}

#[job(unique(keys("usr_id", "locale", "")))]
struct Keys {
    user_id: i64,
    locale: String,
}

#[job(unique(keys("usr_id")))]
struct Misspelt {
    user_id: i64,
}

#[job(unique(keys("userId")))]
#[serde(rename_all = "camelCase")]
struct Renamed {
    user_id: i64,
}

#[job(replace(priority))]
struct Alone {}

#[job(unique(states("executing", "retryable")))]
struct NeverBegins {}

#[job(unique(states("available", "scheduled", "completed")))]
struct Between {}

#[allow(deprecated)]
#[job(unique(states("executing")))]
struct Meant {}

fn main() {}
