//! What the rules look at: the text files of the repository and the packages of the workspace.

use std::fs;

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, MetadataCommand};
use xshell::cmd;

use crate::workspace;

#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
    pub(crate) packages: Vec<Package>,
}

#[derive(Debug)]
pub(crate) struct File {
    /// From the root of the repository, with `/` in between.
    pub(crate) path: String,
    pub(crate) text: String,
}

#[derive(Debug, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// What its library or program links.
    pub(crate) dependencies: Vec<String>,
    /// What its tests link besides.
    pub(crate) dev_dependencies: Vec<String>,
}

impl Tree {
    /// Reads tracked files, and new ones that are not ignored, so that a mistake is seen before its commit.
    pub(crate) fn read() -> Result<Self> {
        Ok(Self { files: read_files()?, packages: read_packages()? })
    }

    /// The file of that path, if there is one.
    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

impl File {
    #[cfg(test)]
    pub(crate) fn new(path: &str, text: impl Into<String>) -> Self {
        Self { path: path.to_owned(), text: text.into() }
    }

    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, found)| found == extension)
    }

    /// The lines with their numbers, from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }
}

#[cfg(test)]
impl Tree {
    /// A tree of one file, for tests of rules.
    pub(crate) fn of(path: &str, text: impl Into<String>) -> Self {
        Self { files: vec![File::new(path, text)], packages: Vec::new() }
    }
}

fn read_files() -> Result<Vec<File>> {
    let shell = workspace::shell()?;
    let listing = cmd!(shell, "git ls-files -z --cached --others --exclude-standard")
        .quiet()
        .read()
        .context("listing the files: tidy needs git and a checkout")?;
    let mut paths: Vec<&str> = listing.split('\0').filter(|path| !path.is_empty()).collect();
    paths.sort_unstable();
    paths.dedup();
    let root = workspace::root()?;
    // Files that are deleted but still tracked cannot be read, pictures are not text: neither is ours to judge.
    let read =
        |path: &str| Some(File { path: path.to_owned(), text: fs::read_to_string(root.join(path)).ok()? });
    Ok(paths.into_iter().filter_map(read).collect())
}

fn read_packages() -> Result<Vec<Package>> {
    let manifest = workspace::root()?.join("Cargo.toml");
    let metadata = MetadataCommand::new().manifest_path(manifest).no_deps().exec()?;
    let package = |package: cargo_metadata::Package| {
        let (dev, linked): (Vec<_>, Vec<_>) =
            package.dependencies.into_iter().partition(|edge| edge.kind == DependencyKind::Development);
        Package {
            name: package.name.to_string(),
            dependencies: linked.into_iter().map(|edge| edge.name).collect(),
            dev_dependencies: dev.into_iter().map(|edge| edge.name).collect(),
        }
    };
    Ok(metadata.packages.into_iter().map(package).collect())
}
