use oban::job;

#[job(unique(period = "60"))]
struct NoUnit {}

#[job(unique(period = "0s"))]
struct Zero {}

#[job(unique(period = "infinite"))]
struct Word {}

fn main() {}
