//! Takes one measurement of `oban` or of the bare database, and prints it as JSON.

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    harness::run(&ours::CANDIDATES).await
}
