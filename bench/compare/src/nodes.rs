//! Several processes on one queue.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use harness::{Engine, Metric, Reading, Server};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout},
    time::sleep,
};

use crate::{cases::Contender, cli::Cli, places, runner};

const IS_DONE: &str = include_str!("../../ours/sql/is_done.sql");
/// Between two looks whether all is done.
const PAUSE: Duration = Duration::from_millis(20);
/// A soak inserts so many at once, as soon as all before are done.
const FEED: usize = 50_000;

/// Has `count` processes run what waits, and takes their rate together.
pub(crate) async fn drain(cli: &Cli, contender: &Contender, url: &str, count: usize) -> Result<Reading> {
    runner::fill(cli, url, cli.sizes.jobs).await?;
    let mut nodes = ready(cli, contender, url, count).await?;
    let start = Instant::now();
    say(&mut nodes, "go").await?;
    done(url).await?;
    finish(nodes, url, cli.sizes.jobs, start.elapsed()).await
}

/// Keeps `count` processes busy for as long as the command line says.
pub(crate) async fn soak(cli: &Cli, contender: &Contender, url: &str, count: usize) -> Result<Reading> {
    runner::fill(cli, url, 0).await?;
    let mut nodes = ready(cli, contender, url, count).await?;
    say(&mut nodes, "go").await?;
    let (start, mut jobs) = (Instant::now(), 0);
    while start.elapsed() < Duration::from_secs(cli.sizes.minutes * 60) {
        runner::fill(cli, url, FEED).await?;
        done(url).await?;
        jobs += FEED;
    }
    finish(nodes, url, jobs, start.elapsed()).await
}

async fn ready(cli: &Cli, contender: &Contender, url: &str, count: usize) -> Result<Vec<Node>> {
    let mut nodes = Vec::new();
    for _ in 0..count {
        nodes.push(Node::ready(cli, contender, url).await?);
    }
    Ok(nodes)
}

async fn say(nodes: &mut [Node], word: &str) -> Result<()> {
    for node in nodes {
        node.say(word).await?;
    }
    Ok(())
}

async fn done(url: &str) -> Result<()> {
    let client = places::connect(url).await?;
    while !client.query_one(IS_DONE, &[]).await?.try_get::<_, bool>(0)? {
        sleep(PAUSE).await;
    }
    Ok(())
}

/// Stops all nodes at once, and tells what they did together.
async fn finish(mut nodes: Vec<Node>, url: &str, jobs: usize, elapsed: Duration) -> Result<Reading> {
    say(&mut nodes, "stop").await?;
    for mut node in nodes {
        ensure!(node.process.wait().await?.success(), "a node failed");
    }
    let server = Server::connect(url).await?;
    server.quiet().await?;
    Ok(Reading::default()
        .with(Metric::JobsPerSecond, jobs as f64 / elapsed.as_secs_f64())
        .with(Metric::Deadlocks, server.deadlocks().await? as f64))
}

/// A process that runs a node.
struct Node {
    process: Child,
    input: ChildStdin,
    /// Open as long as the node, which has more to say.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Node {
    /// Starts one and waits until it only needs a word to begin.
    async fn ready(cli: &Cli, contender: &Contender, url: &str) -> Result<Self> {
        let mut command = runner::command(cli, Engine::Postgres, contender, url)?;
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = process.stdin.take().context("a node has no input")?;
        let mut output = BufReader::new(process.stdout.take().context("a node has no output")?).lines();
        let line = output.next_line().await?;
        ensure!(line.as_deref() == Some("ready"), "a node said {line:?}");
        Ok(Self { process, input, _output: output })
    }

    async fn say(&mut self, word: &str) -> Result<()> {
        self.input.write_all(format!("{word}\n").as_bytes()).await.context("a node is gone")
    }
}
