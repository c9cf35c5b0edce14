//! `cargo xtask db`: a Postgres cluster for development and for trying the examples.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Subcommand};

use crate::cluster::{Cluster, Durability, start_server};
use crate::installation::Installation;
use crate::process;
use crate::scratch;
use crate::workspace;

/// Keeps a Postgres cluster for development.
///
/// It lives in a temporary folder, named by the file `target/db`, until `down` or until that file is gone.
#[derive(Debug, Args)]
pub(crate) struct Db {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Starts the cluster, or finds it running, and prints its URL.
    Up,
    /// Stops the cluster and removes its data.
    Down,
    /// Prints the URL of the running cluster.
    Url,
    /// Opens psql on the running cluster.
    Psql {
        /// Passed on to psql.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

impl Db {
    pub(crate) fn run(&self) -> Result<()> {
        let anchor = anchor()?;
        match &self.action {
            Action::Up => print(&up(&anchor)?),
            Action::Down => down(&anchor),
            Action::Url => print(&url(&anchor)?),
            Action::Psql { arguments } => psql(&url(&anchor)?, arguments),
        }
    }
}

/// The file whose presence keeps the cluster.
fn anchor() -> Result<PathBuf> {
    let target = workspace::root()?.join("target");
    fs::create_dir_all(&target)?;
    Ok(target.join("db"))
}

fn up(anchor: &Path) -> Result<String> {
    let Some(folder) = scratch::anchored(anchor) else {
        return Cluster::start(Durability::Full)?.keep(anchor);
    };
    let installation = Installation::find_or_install()?;
    if !is_running(&installation, &folder)? {
        start_server(&installation, &folder).context("starting the cluster again; `db down` gives it up")?;
    }
    read_url(&folder)
}

fn down(anchor: &Path) -> Result<()> {
    if let Some(folder) = scratch::anchored(anchor) {
        scratch::remove(&Installation::find_or_install()?, &folder)?;
        fs::remove_file(anchor)?;
    }
    Ok(())
}

fn url(anchor: &Path) -> Result<String> {
    let folder = scratch::anchored(anchor).context("no cluster: `cargo xtask db up` starts one")?;
    read_url(&folder)
}

fn read_url(folder: &Path) -> Result<String> {
    fs::read_to_string(folder.join("url")).with_context(|| format!("reading the URL in {}", folder.display()))
}

fn is_running(installation: &Installation, folder: &Path) -> Result<bool> {
    let mut status = installation.program("pg_ctl", folder)?;
    status.arg("status").arg("-D").arg(folder.join("data"));
    Ok(process::run_quietly(status).is_ok())
}

/// Becomes psql, which needs the terminal for itself.
fn psql(url: &str, arguments: &[String]) -> Result<()> {
    let bin = Installation::find_or_install()?.bin().join("psql");
    let error = std::process::Command::new(&bin).arg(url).args(arguments).exec();
    Err(error).with_context(|| format!("starting {}", bin.display()))
}

#[expect(clippy::print_stdout, reason = "the URL is what the caller asked for, perhaps in $(…)")]
fn print(url: &str) -> Result<()> {
    println!("{url}");
    Ok(())
}
