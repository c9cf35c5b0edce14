//! A throw-away Postgres cluster on a port of its own, stopped and removed with the value.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::installation::Installation;
use crate::process;
use crate::scratch::{self, Scratch};
use crate::user::User;

/// Whether a commit survives a crash of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// As in production: the server's default settings.
    Full,
    /// Fast, for data nobody will miss (`fsync = off`), and for many tests at once.
    None,
}

const FOR_TESTS: &str = "fsync = off\nmax_connections = 300\nshared_buffers = 256MB\n";

/// A running cluster. Dropping it stops the server and removes its folder.
#[derive(Debug)]
pub(crate) struct Cluster {
    installation: Installation,
    user: Option<User>,
    scratch: Scratch,
    url: String,
    kept: bool,
}

impl Cluster {
    /// Makes a cluster in a fresh temporary folder and waits until it answers. Under root the server runs as an
    /// unprivileged user. Removes first what runs that were killed left behind.
    pub(crate) fn start(durability: Durability) -> Result<Self> {
        Self::start_with(durability, "")
    }

    /// The same, with more settings: lines of `postgresql.conf`.
    pub(crate) fn start_with(durability: Durability, settings: &str) -> Result<Self> {
        let installation = Installation::find_or_install()?;
        let user = User::unprivileged()?;
        let scratch = Scratch::create(&installation, user.as_ref())?;
        let mut cluster = Self { installation, user, scratch, url: String::new(), kept: false };
        cluster.initialize(durability)?;
        cluster.configure(settings)?;
        cluster.listen()?;
        Ok(cluster)
    }

    /// The URL of the superuser, on the database `postgres`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The folder of Postgres' programs.
    pub(crate) fn bin(&self) -> &Path {
        self.installation.bin()
    }

    /// The cluster's own folder. A server whose data folder lies in it ends with this one.
    pub(crate) fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// The user that the server runs as, if that is not the user of this process.
    pub(crate) fn user(&self) -> Option<&str> {
        self.user.as_ref().map(User::name)
    }

    /// Leaves the cluster running when this process ends, until the file `anchor` is removed. Returns the URL.
    pub(crate) fn keep(mut self, anchor: &Path) -> Result<String> {
        fs::write(self.folder().join("url"), &self.url)?;
        self.scratch.keep(anchor)?;
        self.kept = true;
        Ok(self.url.clone())
    }

    fn data(&self) -> PathBuf {
        self.folder().join("data")
    }

    fn initialize(&self, durability: Durability) -> Result<()> {
        let mut initdb = self.installation.program("initdb", self.folder())?;
        initdb
            .args(["-A", "trust", "-N", "-U", "postgres", "-E", "UTF8", "--locale=C", "-D"])
            .arg(self.data());
        process::run_quietly(initdb)?;
        let folder = self.folder().to_str().context("the folder's name is not UTF-8")?.replace('\'', "''");
        self.configure(&format!("listen_addresses = '127.0.0.1'\nunix_socket_directories = '{folder}'\n"))?;
        match durability {
            Durability::Full => Ok(()),
            Durability::None => self.configure(FOR_TESTS),
        }
    }

    /// Takes a free port and starts the server on it. Another process may take the port in between: so thrice.
    fn listen(&mut self) -> Result<()> {
        let mut outcome = self.try_listen();
        for _ in 0..2 {
            if outcome.is_err() && !process::is_interrupted() {
                outcome = self.try_listen();
            }
        }
        outcome.with_context(|| {
            let log = fs::read_to_string(self.folder().join("log")).unwrap_or_default();
            format!("Postgres did not start; its log:\n{log}")
        })
    }

    fn try_listen(&mut self) -> Result<()> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        self.configure(&format!("port = {port}\n"))?;
        start_server(&self.installation, self.folder())?;
        self.url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        Ok(())
    }

    /// Appends settings to the cluster's own file, so that they hold for whoever restarts the server.
    fn configure(&self, settings: &str) -> Result<()> {
        let file = self.data().join("postgresql.conf");
        Ok(OpenOptions::new().append(true).open(file)?.write_all(settings.as_bytes())?)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        if let Err(error) = scratch::remove(&self.installation, self.folder()) {
            eprintln!("xtask: {error:#}; the next run tries again");
        }
    }
}

/// Starts the server whose data lies in `folder` and waits until it answers.
pub(crate) fn start_server(installation: &Installation, folder: &Path) -> Result<()> {
    let mut start = installation.program("pg_ctl", folder)?;
    start.args(["start", "-w", "-t", "60", "-D"]).arg(folder.join("data")).arg("-l").arg(folder.join("log"));
    process::run_quietly(start)
}
