//! `cargo xtask test`: the whole suite, against a Postgres of its own.

use std::env;

use anyhow::Result;
use clap::{Args, ValueEnum};
use xshell::cmd;

use crate::cluster::{Cluster, Durability};
use crate::installation::{BIN_VARIABLE, Installation};
use crate::process;
use crate::workspace;

/// Names a server that tests may use as superuser.
pub(crate) const URL_VARIABLE: &str = "OBAN_TEST_POSTGRES_URL";

/// Runs the tests and the examples in the docs.
///
/// Tests get a throw-away Postgres cluster, unless OBAN_TEST_POSTGRES_URL names a server to use. Without either the
/// run fails; it never skips.
#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Whose tests to run.
    #[arg(long, value_enum, default_value_t = Engine::All)]
    engine: Engine,
    /// Passed on to `cargo test`.
    #[arg(last = true)]
    arguments: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engine {
    /// Its engine, and the facade, whose fault tests run on it.
    Postgres,
    Sqlite,
    /// The in-memory engine, the core and the macros.
    Memory,
    All,
}

impl Test {
    /// Every test of the workspace.
    pub(crate) fn everything() -> Self {
        Self { engine: Engine::All, arguments: Vec::new() }
    }

    pub(crate) fn run(&self) -> Result<()> {
        if !self.engine.needs_postgres() {
            return self.cargo_test(&[]);
        }
        if env::var_os(URL_VARIABLE).is_some_and(|url| !url.is_empty()) {
            let installed = Installation::find()?;
            let bin = installed.and_then(|installed| Some(installed.bin().to_str()?.to_owned()));
            return self.cargo_test(&bin.map(|bin| (BIN_VARIABLE, bin)).into_iter().collect::<Vec<_>>());
        }
        let cluster = Cluster::start(Durability::None)?;
        let mut environment = vec![
            (URL_VARIABLE, cluster.url().to_owned()),
            (BIN_VARIABLE, cluster.bin().to_string_lossy().into_owned()),
            ("OBAN_TEST_POSTGRES_DIR", cluster.folder().to_string_lossy().into_owned()),
        ];
        environment.extend(cluster.user().map(|user| ("OBAN_TEST_POSTGRES_USER", user.to_owned())));
        self.cargo_test(&environment)
    }

    fn cargo_test(&self, environment: &[(&str, String)]) -> Result<()> {
        let shell = workspace::shell()?;
        let packages = self.engine.packages();
        let arguments = &self.arguments;
        let test = cmd!(shell, "cargo test {packages...} --all-features {arguments...}");
        process::run(test.envs(environment.iter().map(|(name, value)| (name, value))))
    }
}

impl Engine {
    fn packages(self) -> Vec<String> {
        let packages = match self {
            Self::Postgres => "--package=oban-postgres --package=oban",
            Self::Sqlite => "--package=oban-sqlite",
            Self::Memory => "--package=oban-core --package=oban-testing --package=oban-macros",
            Self::All => "--workspace",
        };
        packages.split(' ').map(str::to_owned).collect()
    }

    fn needs_postgres(self) -> bool {
        matches!(self, Self::Postgres | Self::All)
    }
}
