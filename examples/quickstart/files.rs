//! Which files there are.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use walkdir::{DirEntry, WalkDir};

use crate::{
    cli::Cli,
    hash::{self, HashFile},
};

/// A directory and the files below it.
#[derive(Debug)]
pub(crate) struct Directory {
    /// As the user gave it.
    pub(crate) given: PathBuf,
    /// Absolute and without links, so that every way to name it means the same jobs.
    pub(crate) root: PathBuf,
    /// What its jobs are tagged with.
    pub(crate) tag: String,
    pub(crate) files: Vec<HashFile>,
    /// What is not hashed, and why.
    pub(crate) skipped: Vec<String>,
}

impl Directory {
    /// Lists the regular files, without those this program writes.
    pub(crate) fn list(cli: &Cli) -> anyhow::Result<Self> {
        let given = cli.directory.clone();
        let root = given.canonicalize().with_context(|| format!("cannot find {}", given.display()))?;
        ensure!(root.is_dir(), "{} is no directory", given.display());
        let tag = hash::tag(&root);
        let mut directory = Self { given, root, tag, files: Vec::new(), skipped: Vec::new() };
        let ours = our_files(cli);
        for entry in WalkDir::new(&directory.root).into_iter().filter_entry(|entry| !is_left_out(entry)) {
            match entry {
                Ok(entry) if entry.file_type().is_file() && !ours.iter().any(|our| our == entry.path()) => {
                    directory.add(&entry);
                }
                Ok(_) => {}
                Err(error) => directory.skipped.push(error.to_string()),
            }
        }
        Ok(directory)
    }

    fn add(&mut self, entry: &DirEntry) {
        let Some(path) = entry.path().to_str() else {
            return self.skipped.push(format!("{}: its name is not UTF-8", entry.path().display()));
        };
        match entry.metadata() {
            Ok(metadata) => match HashFile::of(path, &metadata) {
                Some(file) => self.files.push(file),
                None => self.skipped.push(format!("{path}: its time of modification cannot be stored")),
            },
            Err(error) => self.skipped.push(error.to_string()),
        }
    }
}

/// Writing there while it is read would end in a different digest each time.
fn our_files(cli: &Cli) -> Vec<PathBuf> {
    let mut ours = Vec::new();
    if cli.database_url.is_none() {
        ours.extend(["", "-wal", "-shm", "-journal"].map(|suffix| with_suffix(&cli.database, suffix)));
    }
    if let Some(out) = &cli.out {
        ours.extend([out.clone(), unfinished(out)]);
    }
    ours.iter().filter_map(|path| resolve(path)).collect()
}

/// Where an output is written before it is whole.
pub(crate) fn unfinished(out: &Path) -> PathBuf {
    with_suffix(out, ".unfinished")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// The absolute path of a file that may not exist yet.
fn resolve(path: &Path) -> Option<PathBuf> {
    let path = std::path::absolute(path).ok()?;
    path.canonicalize().ok().or_else(|| Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?)))
}

fn is_left_out(entry: &DirEntry) -> bool {
    // The directory that was asked for is never left out.
    entry.depth() > 0 && entry.file_type().is_dir() && (entry.file_name() == ".git" || is_cache(entry.path()))
}

/// Whether a folder says of itself that it can be made again. See the "Cache Directory Tagging Specification".
fn is_cache(folder: &Path) -> bool {
    const SIGNATURE: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";
    let tag = folder.join("CACHEDIR.TAG");
    let is_file = fs::symlink_metadata(&tag).is_ok_and(|metadata| metadata.is_file());
    let mut start = [0; SIGNATURE.len()];
    is_file && File::open(tag).and_then(|mut tag| tag.read_exact(&mut start)).is_ok() && start == *SIGNATURE
}
