//! Folders for throw-away clusters. One that was left behind (its owner was killed the hard way) is found and
//! removed by the next run, its servers stopped first.
//!
//! An owner holds a lock on the folder's file `owner`, which the system lets go of however the process ends.
//! A folder that outlives its maker on purpose names in that file another file, its anchor, and is kept as long as
//! the anchor names it.

use std::env;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::geteuid;

use crate::installation::Installation;
use crate::process;
use crate::user::User;

/// A folder that belongs to this process.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
    owner: File,
}

impl Scratch {
    /// Removes what earlier runs left behind, then makes a fresh folder that `user` (or else this user) owns.
    pub(crate) fn create(installation: &Installation, user: Option<&User>) -> Result<Self> {
        let base = base(user)?;
        let _turn = take_turn(&base)?;
        sweep(installation, &base)?;
        let path = fresh_folder(&base)?;
        if let Some(user) = user {
            user.take_over(&path)?;
        }
        let owner = File::create(path.join("owner"))?;
        owner.lock()?;
        Ok(Self { path, owner })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Lets the folder outlive this process, until `anchor` is gone or names another one.
    pub(crate) fn keep(&mut self, anchor: &Path) -> Result<()> {
        let name = self.path.to_str().context("the folder's name is not UTF-8")?;
        self.owner.write_all(anchor.to_str().context("the anchor's name is not UTF-8")?.as_bytes())?;
        fs::write(anchor, name).with_context(|| format!("writing {}", anchor.display()))
    }
}

/// The folder an anchor names, if it is still there.
pub(crate) fn anchored(anchor: &Path) -> Option<PathBuf> {
    let folder = PathBuf::from(fs::read_to_string(anchor).ok()?);
    folder.join("owner").is_file().then_some(folder)
}

/// Stops every server whose data lies in the folder, and removes the folder.
pub(crate) fn remove(installation: &Installation, folder: &Path) -> Result<()> {
    let _turn = take_turn(folder.parent().context("a folder of ours has a parent")?)?;
    clear(installation, folder)
}

/// One process at a time makes and removes: no other sees a folder whose owner has not locked it yet, or one that
/// is half gone. The turn ends with the value.
fn take_turn(base: &Path) -> Result<File> {
    let turn = File::create(base.join("turn"))?;
    turn.lock()?;
    Ok(turn)
}

fn clear(installation: &Installation, folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let data = entry?.path();
        if data.join("postmaster.pid").exists() {
            let mut stop = installation.program("pg_ctl", &data)?;
            stop.args(["stop", "-w", "-t", "30", "-m", "immediate", "-D"]).arg(&data);
            if let Err(error) = process::clean_up(stop) {
                // Its process is gone but for the file, or it is beyond our reach: either way the folder goes.
                eprintln!("xtask: {error:#}");
            }
        }
    }
    fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))
}

/// Where this user's folders lie. The system's temporary folder may be closed to the user that servers run as.
fn base(user: Option<&User>) -> Result<PathBuf> {
    let uid = geteuid();
    for parent in [env::temp_dir(), PathBuf::from("/var/tmp")] {
        let base = parent.join(format!("oban-postgres-{}", uid.as_raw()));
        if fs::DirBuilder::new().recursive(true).mode(0o755).create(&base).is_err() {
            continue;
        }
        let owner = fs::symlink_metadata(&base)?;
        ensure!(
            owner.is_dir() && owner.uid() == uid.as_raw(),
            "{} belongs to somebody else: remove it, or set TMPDIR to a folder of your own",
            base.display(),
        );
        if user.is_none_or(|user| user.reaches(&base)) {
            return Ok(base);
        }
    }
    bail!("no temporary folder is open to the user that servers run as: set TMPDIR to one");
}

fn fresh_folder(base: &Path) -> Result<PathBuf> {
    for number in 1..1000 {
        let path = base.join(number.to_string());
        match fs::DirBuilder::new().mode(0o755).create(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| format!("making {}", path.display())),
        }
    }
    bail!("{} is full: stop the chores that run, or remove it", base.display())
}

fn sweep(installation: &Installation, base: &Path) -> Result<()> {
    for entry in fs::read_dir(base)? {
        let folder = entry?.path();
        if folder.is_dir() && is_abandoned(&folder) {
            eprintln!("xtask: removing {}, left behind by an earlier run", folder.display());
            clear(installation, &folder)?;
        }
    }
    Ok(())
}

fn is_abandoned(folder: &Path) -> bool {
    let owner = folder.join("owner");
    let Ok(file) = File::open(&owner) else { return true };
    if file.try_lock().is_err() {
        return false;
    }
    let anchor = fs::read_to_string(&owner).unwrap_or_default();
    anchor.is_empty() || anchored(Path::new(&anchor)).as_deref() != Some(folder)
}
