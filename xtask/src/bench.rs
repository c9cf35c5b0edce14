//! `cargo xtask bench`: how fast it is, beside the bare database and beside other job systems.

use std::path::Path;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use xshell::cmd;

use crate::cluster::{Cluster, Durability};
use crate::process;
use crate::test::URL_VARIABLE;
use crate::workspace;

/// What counts statements exactly. It costs a little, so nothing else is measured there.
const COUNTING: &str = "shared_preload_libraries = 'pg_stat_statements'\n";

/// Measures the speed of `oban`, and compares it.
///
/// Postgres is a throw-away cluster with the server's default settings. The readings are printed, and kept in
/// `target/bench/results.json`.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Only measurements on this engine.
    #[arg(long, value_enum)]
    engine: Option<Engine>,
    /// Whom to measure beside `oban` and the bare database.
    #[arg(long, value_enum, default_value_t = Against::Raw)]
    against: Against,
    /// Fewer jobs and fewer rounds.
    #[arg(long)]
    quick: bool,
    /// Fails when a ratio against the bare database is far below its target.
    #[arg(long)]
    check: bool,
    /// Only measurements whose name begins like one of these, with commas between them. `growth`, `nodes`, `soak` and
    /// `held` are taken only when asked for like that.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Writes `docs/performance.md` and its chart.
    #[arg(long)]
    write_docs: bool,
    /// Measures nothing, and takes the readings of the run before.
    #[arg(long)]
    reuse: bool,
    /// Passed on to the program that compares: `-- --help` lists what it understands.
    #[arg(last = true)]
    arguments: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engine {
    Postgres,
    Sqlite,
    Memory,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Against {
    Raw,
    Apalis,
    Graphile,
    Riverqueue,
    All,
}

impl Bench {
    /// What every change must pass: soon done, and silent about what is merely slower than it should be.
    pub(crate) fn quick_check() -> Self {
        Self {
            engine: None,
            against: Against::Raw,
            quick: true,
            check: true,
            only: Vec::new(),
            write_docs: false,
            reuse: false,
            arguments: Vec::new(),
        }
    }

    pub(crate) fn run(&self) -> Result<()> {
        let bench = workspace::root()?.join("bench");
        build(&bench)?;
        let mut arguments = vec!["--ours".to_owned(), program(&bench, "ours")?];
        if self.against != Against::Raw {
            let peers = bench.join("peers");
            build(&peers)?;
            arguments.extend(["--peers".to_owned(), program(&peers, "peers")?]);
        }
        arguments.extend(self.passed_on()?);
        // Both live until the comparison is over.
        let (cluster, counting);
        if self.needs_postgres() {
            cluster = Cluster::start(Durability::Full)?;
            counting = Cluster::start_with(Durability::Full, COUNTING)?;
            arguments.extend(["--postgres", cluster.url()].map(str::to_owned));
            arguments.extend(["--counting-postgres", counting.url()].map(str::to_owned));
        }
        let shell = workspace::shell()?;
        let compare = program(&bench, "compare")?;
        process::run(cmd!(shell, "{compare} {arguments...}"))
    }

    fn needs_postgres(&self) -> bool {
        !self.reuse && self.engine.is_none_or(|engine| engine == Engine::Postgres)
    }

    /// The arguments of the program that compares.
    fn passed_on(&self) -> Result<Vec<String>> {
        let results = workspace::root()?.join("target/bench/results.json");
        let mut arguments =
            vec!["--results".to_owned(), text(&results)?, "--against".to_owned(), name(&self.against)];
        arguments.extend(self.engine.iter().flat_map(|engine| ["--engine".to_owned(), name(engine)]));
        arguments.extend(self.only.iter().flat_map(|only| ["--only".to_owned(), only.clone()]));
        let flags = [("--quick", self.quick), ("--check", self.check), ("--reuse", self.reuse)];
        arguments.extend(flags.iter().filter(|(_, is_set)| *is_set).map(|(flag, _)| (*flag).to_owned()));
        if self.write_docs {
            arguments.extend(["--docs".to_owned(), text(&workspace::root()?.join("docs"))?]);
        }
        arguments.extend(self.arguments.iter().cloned());
        Ok(arguments)
    }
}

/// Checks what measures: formatting, lints, and that the bare loops do the same to the same rows.
pub(crate) fn check_the_measure() -> Result<()> {
    let shell = workspace::shell()?;
    shell.change_dir("bench");
    process::run(cmd!(shell, "cargo fmt --all --check"))?;
    process::run(cmd!(shell, "cargo clippy --release --workspace --all-targets -- -D warnings"))?;
    let cluster = Cluster::start(Durability::None)?;
    process::run(cmd!(shell, "cargo test --release --workspace").env(URL_VARIABLE, cluster.url()))
}

fn build(folder: &Path) -> Result<()> {
    let shell = workspace::shell()?;
    shell.change_dir(folder);
    process::run(cmd!(shell, "cargo build --release"))
}

/// A program that was built in that folder.
fn program(folder: &Path, name: &str) -> Result<String> {
    text(&folder.join("target/release").join(name))
}

fn text(path: &Path) -> Result<String> {
    path.to_str().map(str::to_owned).with_context(|| format!("{} is not UTF-8", path.display()))
}

fn name(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
