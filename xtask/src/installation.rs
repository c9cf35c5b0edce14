//! Postgres as installed on this machine: found, or installed from the distribution's packages.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::geteuid;

use crate::process;

/// Names the folder of Postgres' programs to use; passed on to tests, which start clusters of their own.
pub(crate) const BIN_VARIABLE: &str = "OBAN_TEST_POSTGRES_BIN";

const CURE: &str = "Cure: install your distribution's Postgres server (Debian and Ubuntu: `apt-get install \
    postgresql`), or name the folder of its programs in OBAN_TEST_POSTGRES_BIN, or name a server that the \
    tests may use as superuser in OBAN_TEST_POSTGRES_URL.";

/// Each package manager, and how it installs a Postgres server without asking.
const PACKAGE_MANAGERS: [(&str, &[&str]); 4] = [
    ("apt-get", &["apt-get update", "apt-get install -y --no-install-recommends postgresql"]),
    ("dnf", &["dnf install -y postgresql-server"]),
    ("apk", &["apk add --no-cache postgresql"]),
    ("brew", &["brew install postgresql@17"]),
];

/// A folder with the programs of a Postgres server.
#[derive(Debug, Clone)]
pub(crate) struct Installation {
    bin: PathBuf,
}

impl Installation {
    /// What this machine has, installed first if it has none and this user may install packages.
    pub(crate) fn find_or_install() -> Result<Self> {
        if let Some(found) = Self::find()? {
            return Ok(found);
        }
        install().map_err(|error| anyhow!("{error:#}. {CURE}"))?;
        Self::find()?.with_context(|| format!("Postgres was installed but its programs are nowhere. {CURE}"))
    }

    /// What this machine has: the folder in `OBAN_TEST_POSTGRES_BIN` if set, else the first that is complete.
    pub(crate) fn find() -> Result<Option<Self>> {
        if let Some(named) = env::var_os(BIN_VARIABLE).filter(|named| !named.is_empty()) {
            let Some(bin) = complete(Path::new(&named)) else {
                bail!("{BIN_VARIABLE} is {named:?}, which lacks initdb, pg_ctl or postgres. {CURE}");
            };
            return Ok(Some(Self { bin }));
        }
        Ok(candidates().iter().find_map(|folder| complete(folder)).map(|bin| Self { bin }))
    }

    /// The folder of the programs.
    pub(crate) fn bin(&self) -> &Path {
        &self.bin
    }

    /// A program of Postgres, run in a folder as the folder's owner: Postgres refuses to work for root.
    pub(crate) fn program(&self, name: &str, folder: &Path) -> Result<Command> {
        let owner = fs::metadata(folder).with_context(|| format!("looking at {}", folder.display()))?;
        let mut command = Command::new(self.bin.join(name));
        command.current_dir(folder);
        if geteuid().is_root() {
            command.uid(owner.uid()).gid(owner.gid());
        }
        Ok(command)
    }
}

/// The folder itself if it holds all we need. A lone `initdb` on `PATH` is often a link to the real one, so
/// links are followed first.
fn complete(folder: &Path) -> Option<PathBuf> {
    let bin = fs::canonicalize(folder.join("initdb")).ok()?.parent()?.to_owned();
    ["initdb", "pg_ctl", "postgres"].iter().all(|program| bin.join(program).is_file()).then_some(bin)
}

fn candidates() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        folders.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    folders.extend(versions_below("/usr/lib/postgresql", "bin"));
    folders.extend(versions_below("/usr/libexec", ""));
    folders.extend(versions_below("/usr", "bin"));
    folders.extend(versions_below("/opt/homebrew/opt", "bin"));
    folders.extend(versions_below("/usr/local/opt", "bin"));
    folders.push(PathBuf::from("/usr/local/pgsql/bin"));
    folders.push(PathBuf::from("/Applications/Postgres.app/Contents/Versions/latest/bin"));
    folders
}

/// Folders such as `17`, `pgsql-17` or `postgresql@17` below a parent, the newest first.
fn versions_below(parent: &str, bin: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let mut versions: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| Some((version(entry.file_name().to_str()?)?, entry.path().join(bin))))
        .collect();
    versions.sort();
    versions.into_iter().rev().map(|(_, folder)| folder).collect()
}

/// `17` of `17`, `pgsql-17`, `postgresql17` and `postgresql@17`; nothing for other names.
fn version(name: &str) -> Option<u32> {
    let number = name.trim_start_matches("postgresql").trim_start_matches("pgsql");
    number.trim_start_matches(['@', '-']).parse().ok()
}

fn install() -> Result<()> {
    let Some((manager, steps)) =
        PACKAGE_MANAGERS.iter().find(|(manager, _)| succeeds(manager, &["--version"]))
    else {
        bail!("no Postgres was found, and no package manager known here could install it");
    };
    // Homebrew installs for the user who calls; the others need root.
    let prefix: &[&str] = if *manager == "brew" || geteuid().is_root() {
        &[]
    } else if succeeds("sudo", &["-n", "true"]) {
        &["sudo", "-n", "--preserve-env=DEBIAN_FRONTEND"]
    } else {
        bail!("no Postgres was found, and installing it with {manager} needs root");
    };
    for step in *steps {
        eprintln!("xtask: no Postgres found: {step}");
        let words: Vec<&str> = prefix.iter().copied().chain(step.split(' ')).collect();
        let mut command = Command::new(words.first().context("a step has a program")?);
        command.args(words.iter().skip(1)).env("DEBIAN_FRONTEND", "noninteractive");
        process::run_quietly(command)?;
    }
    Ok(())
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn reads_the_version_of_each_naming_scheme() {
        for name in ["17", "pgsql-17", "postgresql17", "postgresql@17"] {
            assert_eq!(version(name), Some(17), "{name}");
        }
        assert_eq!(version("postgresql-common"), None);
        assert_eq!(version("lib64"), None);
    }
}
