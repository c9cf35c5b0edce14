use oban::job;

#[job(cron = "60 * * * *")]
struct Minute {}

#[job(cron = "@daily", catch_up = "soon")]
struct CatchUp {}

fn main() {}
