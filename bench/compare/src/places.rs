//! Fresh databases.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use harness::Engine;
use tempfile::TempDir;
use tokio_postgres::{Client, Config, NoTls};

use crate::{
    cases::{Contender, Scene},
    cli::Cli,
};

static MADE: AtomicUsize = AtomicUsize::new(0);

/// A database for one measurement.
#[derive(Debug)]
pub(crate) enum Place {
    Postgres { server: String, name: String },
    Sqlite { folder: TempDir },
    Memory,
}

impl Place {
    /// Makes an empty one, with nothing left to be written of those before.
    pub(crate) async fn fresh(cli: &Cli, engine: Engine, contender: &Contender) -> Result<Self> {
        match engine {
            Engine::Memory => Ok(Self::Memory),
            Engine::Sqlite => Ok(Self::Sqlite { folder: tempfile::tempdir()? }),
            Engine::Postgres => {
                let server = server(cli, contender.scene)?;
                let name = format!("bench_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
                let client = connect(server).await?;
                client.batch_execute("CHECKPOINT").await?;
                client.batch_execute(&format!("CREATE DATABASE {name}")).await?;
                Ok(Self::Postgres { server: server.to_owned(), name })
            }
        }
    }

    /// For the runner.
    pub(crate) fn url(&self) -> Result<String> {
        match self {
            Self::Memory => Ok(String::new()),
            Self::Sqlite { folder } => {
                let file = folder.path().join("jobs.db");
                file.to_str().map(str::to_owned).context("the temporary folder's name is not UTF-8")
            }
            Self::Postgres { server, name } => {
                let (address, _) = server.rsplit_once('/').context("the server's URL names no database")?;
                Ok(format!("{address}/{name}"))
            }
        }
    }

    /// Removes it.
    pub(crate) async fn remove(self) -> Result<()> {
        if let Self::Postgres { server, name } = self {
            connect(&server).await?.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await?;
        }
        Ok(())
    }
}

/// As the server itself names its version.
pub(crate) async fn server_version(url: &str) -> Result<String> {
    Ok(connect(url).await?.query_one("SHOW server_version", &[]).await?.try_get(0)?)
}

/// Connects to a database.
pub(crate) async fn connect(url: &str) -> Result<Client> {
    let config: Config = url.parse().context("reading the URL of the server")?;
    let (client, connection) = config.connect(NoTls).await.context("connecting to the server")?;
    // Ends with the client. Its errors are those of the client's calls.
    tokio::spawn(connection);
    Ok(client)
}

fn server(cli: &Cli, scene: Scene) -> Result<&str> {
    match scene {
        Scene::Counting => cli.counting_postgres.as_deref().context("--counting-postgres is missing"),
        Scene::Fresh => cli.postgres.as_deref().context("--postgres is missing"),
    }
}
