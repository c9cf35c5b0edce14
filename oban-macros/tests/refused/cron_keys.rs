use oban::job;

#[job(timezone = "Europe/Berlin", catch_up = "1h")]
struct Nothing {}

#[job(cron = 5, timezone("Europe/Berlin"))]
struct WrongKind {}

fn main() {}
