//! Where the workspace lies, and a shell that stands there.

use std::path::Path;

use anyhow::{Context, Result};
use xshell::Shell;

/// The root of the workspace.
pub(crate) fn root() -> Result<&'static Path> {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in a folder of the workspace")
}

/// A shell at the root of the workspace, wherever the chore was called.
pub(crate) fn shell() -> Result<Shell> {
    let shell = Shell::new()?;
    shell.change_dir(root()?);
    Ok(shell)
}
