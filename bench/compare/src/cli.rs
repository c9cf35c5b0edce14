//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use harness::Engine;

/// Rounds of a measurement whose medians are to be trusted, and of a quick look.
const ROUNDS: usize = 5;
const QUICK_ROUNDS: usize = 3;

#[derive(Debug, Parser)]
#[command(about = "Compares job systems, round by round.")]
pub(crate) struct Cli {
    /// A server to make databases on, as superuser.
    #[arg(long)]
    pub(crate) postgres: Option<String>,
    /// One that has loaded `pg_stat_statements`. Nothing but statements is counted there.
    #[arg(long)]
    pub(crate) counting_postgres: Option<String>,
    /// The program that runs `oban` and `raw`.
    #[arg(long)]
    pub(crate) ours: PathBuf,
    /// The program that runs the peers.
    #[arg(long)]
    pub(crate) peers: Option<PathBuf>,
    /// Only measurements on this engine.
    #[arg(long, value_enum)]
    pub(crate) engine: Option<Engine>,
    /// Whom to measure beside `oban`.
    #[arg(long, value_enum, default_value_t = Against::Raw)]
    pub(crate) against: Against,
    /// Only measurements whose name begins like one of these; the larger ones are taken only if asked for like that.
    #[arg(long, value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Fewer jobs and fewer rounds.
    #[arg(long)]
    pub(crate) quick: bool,
    /// How often each measurement is taken.
    #[arg(long)]
    rounds: Option<usize>,
    /// Fails when a ratio against `raw` is far below its target.
    #[arg(long)]
    pub(crate) check: bool,
    /// Where the readings are written, as JSON.
    #[arg(long)]
    pub(crate) results: PathBuf,
    /// The folder for `performance.md` and its chart.
    #[arg(long)]
    pub(crate) docs: Option<PathBuf>,
    /// Measures nothing, and takes the readings of the run before.
    #[arg(long)]
    pub(crate) reuse: bool,
    #[command(flatten)]
    pub(crate) sizes: Sizes,
}

/// How large the larger measurements are.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Sizes {
    /// Finished rows of `growth`.
    #[arg(long, default_value_t = 10_000_000)]
    pub(crate) finished: usize,
    /// Waiting rows of `growth`.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) waiting: usize,
    /// Jobs of `nodes`, and of `held`.
    #[arg(long, default_value_t = 200_000)]
    pub(crate) jobs: usize,
    /// Minutes that `soak` lasts.
    #[arg(long, default_value_t = 10)]
    pub(crate) minutes: u64,
}

/// Whom to measure beside `oban`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Against {
    /// The bare database.
    Raw,
    /// And apalis.
    Apalis,
    /// And `graphile_worker`.
    Graphile,
    /// And riverqueue.
    Riverqueue,
    /// And all of them.
    All,
}

impl Cli {
    /// Whether only some of the measurements are taken.
    pub(crate) fn is_partial(&self) -> bool {
        self.engine.is_some() || !self.only.is_empty()
    }

    pub(crate) fn rounds(&self) -> usize {
        self.rounds.unwrap_or(if self.quick { QUICK_ROUNDS } else { ROUNDS })
    }
}

impl Against {
    /// The systems, as the runner of the peers knows them.
    pub(crate) fn peers(self) -> &'static [&'static str] {
        match self {
            Self::Raw => &[],
            Self::Apalis => &["apalis", "apalis-tuned"],
            Self::Graphile => &["graphile", "graphile-tuned"],
            Self::Riverqueue => &["riverqueue", "riverqueue-tuned"],
            Self::All => {
                &["apalis", "apalis-tuned", "graphile", "graphile-tuned", "riverqueue", "riverqueue-tuned"]
            }
        }
    }
}
