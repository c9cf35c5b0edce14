//! The user that servers run as: Postgres refuses to work for root.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use rustix::process::geteuid;

/// An unprivileged user of this machine.
#[derive(Debug, Clone)]
pub(crate) struct User {
    name: String,
    uid: u32,
    gid: u32,
}

impl User {
    /// The user to change to, if this process is root's: `postgres`, or else `nobody`.
    pub(crate) fn unprivileged() -> Result<Option<Self>> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        let user = ["postgres", "nobody"].into_iter().find_map(|name| {
            let (uid, gid) = (id("-u", name)?, id("-g", name)?);
            Some(Self { name: name.to_owned(), uid, gid })
        });
        Ok(Some(user.context("Postgres does not run as root, and there is no user `postgres` or `nobody`")?))
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Makes the user the owner of a folder.
    pub(crate) fn take_over(&self, folder: &Path) -> Result<()> {
        chown(folder, Some(self.uid), Some(self.gid))
            .with_context(|| format!("giving {} to {}", folder.display(), self.name))
    }

    /// Whether no folder on the way is closed to the user.
    pub(crate) fn reaches(&self, folder: &Path) -> bool {
        let mut test = Command::new("test");
        test.arg("-x").arg(folder).current_dir("/").uid(self.uid).gid(self.gid);
        test.status().is_ok_and(|status| status.success())
    }
}

fn id(what: &str, name: &str) -> Option<u32> {
    let output = Command::new("id").args([what, name]).output().ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}
