//! Takes one measurement of a peer, and prints it as JSON.

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    harness::run(&peers::CANDIDATES).await
}
