//! Fresh databases.

use std::{
    process,
    sync::atomic::{AtomicUsize, Ordering},
};

use anyhow::{Context, Result};
use harness::{BYSTANDER, Engine};
use tempfile::TempDir;
use tokio_postgres::{Client, Config, NoTls};

use crate::{
    cases::{Contender, Scene},
    cli::Cli,
    scenes,
};

static MADE: AtomicUsize = AtomicUsize::new(0);

/// A database for one measurement.
#[derive(Debug)]
pub(crate) enum Place {
    Postgres { server: String, name: String, scene: Scene, _held: Option<Client> },
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
                let client = connect(server).await?;
                client.batch_execute("CHECKPOINT").await?;
                let scene = contender.scene;
                let name = if scene == Scene::Grown {
                    scenes::grown(cli, &client).await?
                } else {
                    let name = format!("bench_{}_{}", process::id(), MADE.fetch_add(1, Ordering::Relaxed));
                    client.batch_execute(&format!("CREATE DATABASE {name}")).await?;
                    name
                };
                let held = match scene {
                    Scene::Held => Some(scenes::held(cli, &url(server, &name)?).await?),
                    Scene::Fresh | Scene::Counting | Scene::Grown => None,
                };
                Ok(Self::Postgres { server: server.to_owned(), name, scene, _held: held })
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
            Self::Postgres { server, name, .. } => url(server, name),
        }
    }

    /// Removes it. What took long to fill stays for the next measurement, and goes with the server.
    pub(crate) async fn remove(self) -> Result<()> {
        if let Self::Postgres { server, name, scene, .. } = self
            && scene != Scene::Grown
        {
            connect(&server).await?.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await?;
        }
        Ok(())
    }
}

/// The URL of another database on that server.
pub(crate) fn url(server: &str, name: &str) -> Result<String> {
    let (address, _) = server.rsplit_once('/').context("the server's URL names no database")?;
    Ok(format!("{address}/{name}"))
}

/// As the server itself names its version.
pub(crate) async fn server_version(url: &str) -> Result<String> {
    Ok(connect(url).await?.query_one("SHOW server_version", &[]).await?.try_get(0)?)
}

/// Connects to a database, as a bystander.
pub(crate) async fn connect(url: &str) -> Result<Client> {
    let mut config: Config = url.parse().context("reading the URL of the server")?;
    config.application_name(BYSTANDER);
    let (client, connection) = config.connect(NoTls).await.context("connecting to the server")?;
    // Ends with the client. Its errors are those of the client's calls.
    tokio::spawn(connection);
    Ok(client)
}

fn server(cli: &Cli, scene: Scene) -> Result<&str> {
    match scene {
        Scene::Counting => cli.counting_postgres.as_deref().context("--counting-postgres is missing"),
        Scene::Fresh | Scene::Grown | Scene::Held => cli.postgres.as_deref().context("--postgres is missing"),
    }
}
