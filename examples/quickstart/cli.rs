//! What the command takes.

use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    thread,
};

use clap::Parser;

/// Hashes every file below a directory, one job a file, on all cores.
///
/// Each file becomes a job in a database, and its SHA-256 digest the job's recorded result. A file that was hashed
/// before, and has the same size and time of modification, is not hashed again. Links are not followed; folders marked
/// by a CACHEDIR.TAG (such as target) and .git are left out.
///
/// Ctrl-C (or SIGTERM) stops gracefully: running jobs finish, the others stay in the database. Once more ends at
/// once. However it ended, kill -9 included, the same command resumes where it was; the jobs of a process that died come
/// back after a few seconds. Two processes with the same database share the work.
///
/// The exit code is 0 when every file was hashed, 1 when some could not be, 130 or 143 when stopped by a signal.
/// RUST_LOG sets what is logged, e.g. RUST_LOG=oban_core=debug.
#[derive(Debug, Parser)]
#[command(name = "quickstart", max_term_width = 100)]
pub(crate) struct Cli {
    /// The directory whose files are hashed.
    #[arg(default_value_os_t = repository())]
    pub(crate) directory: PathBuf,

    /// The SQLite file that keeps the jobs. It is created, with its folder, when it is missing.
    #[arg(long, value_name = "FILE", default_value_os_t = repository().join("target/quickstart.db"))]
    pub(crate) database: PathBuf,

    /// Keeps the jobs in this Postgres database instead, e.g. postgres://user@host/database.
    ///
    /// Its tables are made when they are missing. Processes that share the work have to see the same files.
    #[arg(long, value_name = "URL", conflicts_with = "database")]
    pub(crate) database_url: Option<String>,

    /// How many files of a hundred fail at their first attempt, on purpose; they are retried.
    #[arg(long, value_name = "PERCENT", default_value_t = 5, value_parser = clap::value_parser!(u8).range(..=100))]
    pub(crate) flaky: u8,

    /// Writes the digests to this file, for `sha256sum -c FILE` in the current folder.
    ///
    /// It is written at the end, only when every job succeeded, and replaces the file in one step.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// How many files are hashed at once.
    #[arg(long, value_name = "N", default_value_t = eight_a_core())]
    pub(crate) jobs: NonZeroUsize,
}

/// Where this example lives.
fn repository() -> PathBuf {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR"));
    examples.parent().unwrap_or(examples).to_owned()
}

/// More than there are cores: the next jobs are fetched, and the results of the last ones stored, many at a time.
fn eight_a_core() -> NonZeroUsize {
    const EIGHT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(7);
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN).saturating_mul(EIGHT)
}
