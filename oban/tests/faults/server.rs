//! A Postgres server of a test's own, to be restarted as the test likes.

use std::{
    env,
    fs::{self, OpenOptions},
    io::Write,
    net::TcpListener,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
};

use sqlx::postgres::PgConnectOptions;

/// A running server. Stopped and removed with the value; should the test be killed, with the run.
pub(crate) struct Server {
    data: PathBuf,
    port: u16,
}

impl Server {
    /// Makes a cluster directly below `OBAN_TEST_POSTGRES_DIR`, and starts it.
    pub(crate) fn start(name: &str) -> Self {
        let folder = PathBuf::from(variable("OBAN_TEST_POSTGRES_DIR"));
        let data = folder.join(format!("{name}-{}", std::process::id()));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        fs::create_dir(&data).unwrap();
        // Postgres does not run as root; the folder belongs to the user that servers run as.
        let owner = fs::metadata(&folder).unwrap();
        chown(&data, Some(owner.uid()), Some(owner.gid())).unwrap();
        let server = Self { data, port };
        server.program("initdb", &["-A", "trust", "-N", "-U", "postgres", "-E", "UTF8", "--locale=C"]);
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = ''\nfsync = off\n"
        );
        let file = OpenOptions::new().append(true).open(server.data.join("postgresql.conf"));
        file.unwrap().write_all(settings.as_bytes()).unwrap();
        server.control(&["start"]);
        server
    }

    /// How to connect as superuser.
    pub(crate) fn options(&self) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.port)
            .username("postgres")
            .database("postgres")
    }

    /// Stops it, `fast` (connections are ended) or `immediate` (as a crash), and starts it again.
    pub(crate) fn restart(&self, mode: &str) {
        self.control(&["restart", "-m", mode]);
    }

    /// Stops it as in [`restart`](Server::restart).
    pub(crate) fn stop(&self, mode: &str) {
        self.control(&["stop", "-m", mode]);
    }

    /// Starts it again.
    pub(crate) fn resume(&self) {
        self.control(&["start"]);
    }

    fn control(&self, arguments: &[&str]) {
        let log = self.data.join("log");
        let log = log.to_str().unwrap();
        self.program("pg_ctl", &[arguments, &["-w", "-t", "60", "-s", "-l", log]].concat());
    }

    fn program(&self, name: &str, arguments: &[&str]) {
        let owner = fs::metadata(&self.data).unwrap();
        let mut command = Command::new(Path::new(&variable("OBAN_TEST_POSTGRES_BIN")).join(name));
        command.args(arguments).arg("-D").arg(&self.data).current_dir(&self.data);
        if rustix::process::geteuid().is_root() {
            command.uid(owner.uid()).gid(owner.gid());
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.data.join("postmaster.pid").exists() {
            self.stop("immediate");
        }
        // What cannot be removed now is removed with the run.
        let _ = fs::remove_dir_all(&self.data);
    }
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| {
        panic!(
            "{name} is not set; run the tests by `cargo xtask test`, which tells where servers may be made"
        )
    })
}
