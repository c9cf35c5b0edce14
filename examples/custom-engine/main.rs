//! An engine of one's own: any engine, plus a file that tells what happened to each job.
//!
//! ```console
//! cargo run --release --example custom-engine
//! ```
//!
//! An engine that wraps another one is the shortest useful kind: it keeps the guarantees of the inner one and adds
//! something of its own, here an audit trail. `audited.rs` shows every method an engine has; its test runs the conformance
//! suite of `oban::testing` on it, as a test of an engine from scratch would.

mod audited;
mod trail;

use std::{
    io::{self, Write},
    time::Duration,
};

use oban::{Context, JobFilter, JobState, Oban, Outcome, Performed, Worker, job, testing::Memory};

use crate::audited::Audited;

/// Greet somebody.
#[job(queue = "greetings", max_attempts = 2)]
struct Greet {
    name: String,
}

impl Worker for Greet {
    async fn perform(self, _: Context) -> Performed {
        match self.name.as_str() {
            "Nobody" => Ok(Outcome::cancel("nobody is there to be greeted")),
            name => {
                writeln!(io::stdout(), "Hello, {name}!")?;
                Ok(Outcome::Complete)
            }
        }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let trail = tempfile::NamedTempFile::new()?;
    let engine = Audited::new(Memory::new(), trail.path())?;
    let oban = Oban::builder(engine).worker::<Greet>().queue("greetings", 10).start().await?;
    let names = ["Ada", "Grace", "Nobody"];
    oban.insert_all(names.map(|name| Greet { name: name.to_owned() })).await?;
    wait_until_done(&oban).await?;
    oban.stop().await?;
    writeln!(io::stdout(), "\nWhat {} says:\n{}", trail.path().display(), std::fs::read_to_string(&trail)?)?;
    Ok(())
}

async fn wait_until_done(oban: &Oban) -> oban::Result<()> {
    let filter = || JobFilter::all().state(JobState::Available).state(JobState::Executing);
    while !oban.count_jobs(filter()).await?.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}
