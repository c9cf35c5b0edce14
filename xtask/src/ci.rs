//! `cargo xtask ci`: everything a change must pass, in the order in which it fails soonest.

use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;
use xshell::cmd;

use crate::bench::{self, Bench};
use crate::process;
use crate::test::Test;
use crate::tidy::Tidy;
use crate::workspace;

/// Runs every check a change must pass; stops at the first that fails.
#[derive(Debug, Args)]
pub(crate) struct Ci {}

type Step = (&'static str, fn() -> Result<()>);

const STEPS: [Step; 8] = [
    ("fmt", format),
    ("tidy", || Tidy {}.run()),
    ("clippy", clippy),
    ("doc", document),
    ("features", features),
    ("test", || Test::everything().run()),
    ("measure", bench::check_the_measure),
    ("bench", || Bench::quick_check().run()),
];

impl Ci {
    pub(crate) fn run(&self) -> Result<()> {
        let start = Instant::now();
        for (name, step) in STEPS {
            eprintln!("\n=== {name}");
            let step_start = Instant::now();
            step().with_context(|| format!("ci failed at `{name}`"))?;
            eprintln!("=== {name}: passed in {:.1} s", step_start.elapsed().as_secs_f64());
        }
        eprintln!("\n=== ci: passed in {:.1} s", start.elapsed().as_secs_f64());
        Ok(())
    }
}

fn format() -> Result<()> {
    let shell = workspace::shell()?;
    process::run(cmd!(shell, "cargo fmt --all --check"))
}

fn clippy() -> Result<()> {
    let shell = workspace::shell()?;
    process::run(cmd!(shell, "cargo clippy --workspace --all-targets --all-features -- -D warnings"))
}

fn document() -> Result<()> {
    let shell = workspace::shell()?;
    let doc = cmd!(shell, "cargo doc --workspace --no-deps --all-features");
    process::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

/// The facade builds without its features, and with each alone.
fn features() -> Result<()> {
    let shell = workspace::shell()?;
    process::run(cmd!(shell, "cargo check --package oban --no-default-features"))?;
    for feature in ["macros", "testing", "sqlite", "postgres", "toml"] {
        process::run(cmd!(shell, "cargo check --package oban --no-default-features --features {feature}"))?;
    }
    Ok(())
}
