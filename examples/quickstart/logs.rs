//! Logs, above the progress bar.

use std::io::{self, IsTerminal, Write};

use indicatif::ProgressBar;
use tracing_subscriber::EnvFilter;

/// Without the failures of jobs: those are in the report.
const DEFAULT: &str = "warn,oban_core::queue::executor=error";

/// Logs to stderr, what RUST_LOG says.
pub(crate) fn install(bar: &ProgressBar) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let bar = bar.clone();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(move || Above(bar.clone()))
        .init();
}

/// Writes to stderr while the bar is away.
struct Above(ProgressBar);

impl Write for Above {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(text))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
