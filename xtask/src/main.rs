//! The project's own chores, one file a verb: `cargo xtask help` lists them.

mod bench;
mod ci;
mod cluster;
mod db;
mod installation;
mod process;
mod scratch;
mod test;
mod tidy;
mod user;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "The project's own chores.")]
enum Verb {
    Bench(bench::Bench),
    Ci(ci::Ci),
    Db(db::Db),
    Test(test::Test),
    Tidy(tidy::Tidy),
}

fn main() -> ExitCode {
    match run(&Verb::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            process::exit_code()
        }
    }
}

fn run(verb: &Verb) -> Result<()> {
    process::watch_signals()?;
    match verb {
        Verb::Bench(bench) => bench.run(),
        Verb::Ci(ci) => ci.run(),
        Verb::Db(db) => db.run(),
        Verb::Test(test) => test.run(),
        Verb::Tidy(tidy) => tidy.run(),
    }
}
