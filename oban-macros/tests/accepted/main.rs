//! What `#[job]` and `#[derive(Job)]` accept, and the jobs that come of it. What they refuse is in `refused`.

mod both_imported;
mod crate_path;
mod cron;
mod derive;
mod every_key;
mod macro_rules;
mod no_key;
mod unit;
