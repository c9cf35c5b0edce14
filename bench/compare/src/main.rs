//! Compares job systems: each measurement is taken round by round, system by system, each time by a process of its own
//! on a fresh database. So what drifts on the machine meanwhile meets all of them, and ratios hold.

mod cases;
mod chart;
mod cli;
mod docs;
mod machine;
mod nodes;
mod places;
mod results;
mod rounds;
mod runner;
mod scenes;
mod tables;
mod targets;
mod verdicts;

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Parser;

use crate::{cli::Cli, machine::Machine, results::Results, verdicts::Verdict};

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: &Cli) -> Result<()> {
    let results = if cli.reuse { Results::read(&cli.results)? } else { measure(cli).await? };
    let verdicts = verdicts::of(&results);
    println!("{}", tables::verdicts(&verdicts));
    if let Some(docs) = &cli.docs {
        docs::write(&results, docs)?;
    }
    let fallen: Vec<_> = verdicts.into_iter().filter(Verdict::has_fallen).collect();
    ensure!(!cli.check || fallen.is_empty(), "far below its target: {}", verdicts::list(&fallen));
    Ok(())
}

async fn measure(cli: &Cli) -> Result<Results> {
    let cases = cases::selected(cli);
    ensure!(!cases.is_empty(), "no measurement is called like that");
    let rounds = cli.rounds();
    let mut results = Results { machine: Machine::look(cli).await?, cases: Vec::new() };
    println!("{}\n", results.machine);
    for case in cases {
        let taken = rounds::take(cli, &case, rounds).await.with_context(|| case.to_string())?;
        println!("{}\n{}\n", taken.title, tables::readings(&taken));
        results.cases.push(taken);
    }
    if cli.is_partial() && cli.results.exists() {
        results.keep(Results::read(&cli.results)?);
    }
    results.write(&cli.results)?;
    Ok(results)
}
