//! A web application that inserts a job in the transaction of the row the job is about.
//!
//! ```console
//! cargo run --release --example signup -- --database-url "$(cargo xtask db up)"
//! curl -i localhost:3000/signup -H 'content-type: application/json' -d '{"email": "ada@example.com"}'
//! curl localhost:3000/users
//! ```
//!
//! Signing up writes a user and inserts a job that welcomes them. Both are there or neither: with an address that is
//! taken, or with `/signup?fail=1`, the transaction is rolled back, and there is no user and no job.
//!
//! - `web.rs`: the routes, and the transaction
//! - `welcome.rs`: the job, its worker, and the application's state
//!
//! Ctrl-C ends it: open requests are answered, running jobs finish.

mod web;
mod welcome;

use std::{
    io::{self, IsTerminal, Write},
    net::SocketAddr,
    sync::Arc,
};

use anyhow::Context;
use clap::Parser;
use oban::{Oban, postgres::Postgres};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use crate::welcome::{App, Console, SendWelcome};

/// Lets people sign up, and welcomes them by a job.
#[derive(Debug, Parser)]
struct Cli {
    /// The Postgres database of the users and the jobs; tables are made when they are missing.
    #[arg(long, value_name = "URL", env = "DATABASE_URL")]
    database_url: String,

    /// Where to listen. Port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();

    let pool = PgPool::connect(&cli.database_url).await.context("cannot connect to the database")?;
    web::create_users(&pool).await?;
    let postgres = Postgres::new(pool.clone());
    postgres.migrate().await?;

    let app = App { pool, mailer: Arc::new(Console) };
    let oban = Oban::builder(postgres)
        .state(app.clone())
        .worker::<SendWelcome>()
        .queue("mailers", 10)
        .start()
        .await?;

    let listener = TcpListener::bind(cli.listen).await?;
    writeln!(io::stdout(), "listening on http://{}", listener.local_addr()?)?;
    axum::serve(listener, web::router(app, oban.clone()))
        .with_graceful_shutdown(async {
            // Without a handler for Ctrl-C the program ends by it anyway.
            let _ = tokio::signal::ctrl_c().await;
        })
        .await?;
    oban.stop().await?;
    Ok(())
}
