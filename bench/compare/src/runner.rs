//! The programs that measure.

use std::process::Stdio;

use anyhow::{Context, Result, bail};
use harness::{Engine, Reading};
use tokio::process::Command;

use crate::{
    cases::{Contender, Program},
    cli::Cli,
};

/// A measurement that is not done after so many seconds is given up.
const TIMEOUT: &str = "300";

/// Takes one reading.
pub(crate) async fn read(cli: &Cli, engine: Engine, contender: &Contender, url: &str) -> Result<Reading> {
    let mut command = command(cli, engine, contender, url)?;
    let output = command.stdin(Stdio::null()).output().await.context("starting the runner")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().last().context("the runner printed nothing")?;
    serde_json::from_str(line).with_context(|| format!("the runner printed {line:?}"))
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
