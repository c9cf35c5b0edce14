//! Where the workspace lies, and a shell that stands there.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use xshell::Shell;

/// The root of the workspace.
///
/// Cargo names it to the programs it runs. Asked when the program is built, it would be the checkout that built it,
/// which is another one for a binary that was copied.
pub(crate) fn root() -> Result<PathBuf> {
    let manifest = env::var_os("CARGO_MANIFEST_DIR")
        .context("CARGO_MANIFEST_DIR is not set; call the chores as `cargo xtask`, which sets it")?;
    let mut root = PathBuf::from(manifest);
    ensure!(root.pop(), "CARGO_MANIFEST_DIR is {}, which lies in no workspace", root.display());
    Ok(root)
}

/// A shell at the root of the workspace, wherever the chore was called.
pub(crate) fn shell() -> Result<Shell> {
    let shell = Shell::new()?;
    shell.change_dir(root()?);
    Ok(shell)
}
