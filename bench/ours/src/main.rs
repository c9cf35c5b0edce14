//! Takes one measurement of `oban` or of the bare database, and prints it as JSON.

fn main() -> anyhow::Result<()> {
    harness::runtime()?.block_on(harness::run(&ours::CANDIDATES))
}
