//! Databases that are not simply empty.

use std::process;

use anyhow::{Context, Result};
use tokio_postgres::Client;

use crate::{cli::Cli, places, runner};

const FINISHED: &str = include_str!("../sql/grow_finished.sql");
const WAITING: &str = include_str!("../sql/grow_waiting.sql");

/// The name of a database full of rows, filled when it is first asked for.
pub(crate) async fn grown(cli: &Cli, server: &Client) -> Result<String> {
    let name = format!("bench_{}_grown", process::id());
    if server.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name]).await?.is_some() {
        return Ok(name);
    }
    server.batch_execute(&format!("CREATE DATABASE {name}")).await?;
    let url = places::url(cli.postgres.as_deref().context("--postgres is missing")?, &name)?;
    runner::fill(cli, &url, 0).await?;
    eprintln!("inserting {} finished and {} waiting rows", cli.sizes.finished, cli.sizes.waiting);
    let client = places::connect(&url).await?;
    client.execute(FINISHED, &[&i64::try_from(cli.sizes.finished)?]).await?;
    client.execute(WAITING, &[&i64::try_from(cli.sizes.waiting)?]).await?;
    // As the server would have done by itself while they came in.
    client.batch_execute("VACUUM (ANALYZE) oban_jobs").await?;
    client.batch_execute("CHECKPOINT").await?;
    Ok(name)
}

/// A connection that has written, in a transaction that stays open as long as the connection.
pub(crate) async fn held(cli: &Cli, url: &str) -> Result<Client> {
    runner::fill(cli, url, 0).await?;
    let client = places::connect(url).await?;
    client.batch_execute("CREATE TABLE note (text text)").await?;
    client.batch_execute("BEGIN; INSERT INTO note VALUES ('held')").await?;
    Ok(client)
}
