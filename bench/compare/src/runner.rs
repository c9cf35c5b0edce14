//! The programs that measure.

use std::process::Stdio;

use anyhow::{Context, Result, bail};
use harness::{Engine, Reading};
use tokio::process::Command;

use crate::{
    cases::{Contender, Program},
    cli::Cli,
};

/// A measurement that is not done after so many seconds is given up. A soak takes some minutes.
const TIMEOUT: &str = "3600";

/// Takes one reading.
pub(crate) async fn read(cli: &Cli, engine: Engine, contender: &Contender, url: &str) -> Result<Reading> {
    let mut command = command(cli, engine, contender, url)?;
    let text = output(&mut command).await?;
    let line = text.lines().last().context("the runner printed nothing")?;
    serde_json::from_str(line).with_context(|| format!("the runner printed {line:?}"))
}

/// Makes the tables of `oban` and inserts so many jobs.
pub(crate) async fn fill(cli: &Cli, url: &str, jobs: usize) -> Result<()> {
    let mut command = Command::new(&cli.ours);
    command.args(["fill", "--system", "oban", "--url", url, "--jobs", &jobs.to_string()]);
    output(&mut command).await.map(drop)
}

async fn output(command: &mut Command) -> Result<String> {
    // Backtraces of the runner tell people nothing.
    command.env("RUST_BACKTRACE", "0").stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.context("starting the runner")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The runner of this contender, with all it needs to know.
pub(crate) fn command(cli: &Cli, engine: Engine, contender: &Contender, url: &str) -> Result<Command> {
    let program = match contender.program {
        Program::Ours => &cli.ours,
        Program::Peers => cli.peers.as_ref().context("--peers is missing")?,
    };
    let mut command = Command::new(program);
    command
        .args(&contender.arguments)
        .args(["--system", &contender.system, "--engine", &engine.to_string()])
        .args(["--timeout", TIMEOUT, "--url", url])
        .kill_on_drop(true);
    Ok(command)
}
