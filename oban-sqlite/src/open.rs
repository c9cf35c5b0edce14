//! Opening a file.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use oban_core::{Clock, Error, Result};

use crate::{
    connection::connect,
    error::from_sqlite,
    migrate,
    notifier::Relay,
    thread::ConnectionThread,
    time,
    watcher::{Watch, Watcher},
    writer::{Write, Writer},
};

/// A SQLite file that holds jobs. Clones are one engine.
///
/// The file may be the application's own: what is ours begins with `oban_`. Any number of
/// processes of one machine may open it at once. Each engine has a thread that writes, one that
/// reads for people, and, while a node runs, one that hears notifications. They end when the
/// last clone is dropped.
///
/// ```
/// # async fn open(directory: &std::path::Path) -> oban_core::Result<()> {
/// use oban_sqlite::Sqlite;
/// use std::time::Duration;
///
/// let engine = Sqlite::open(directory.join("jobs.db")).await?;
/// let patient = Sqlite::builder(directory.join("more.db"))
///     .busy_timeout(Duration::from_secs(30))
///     .open()
///     .await?;
/// # drop((engine, patient));
/// # Ok(())
/// # }
/// # let directory = tempfile::tempdir().unwrap();
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(open(directory.path())).unwrap();
/// ```
#[derive(Clone)]
pub struct Sqlite(Arc<Inner>);

struct Inner {
    path: PathBuf,
    /// The path as SQLite sees it, without links and relative parts.
    full_path: Option<String>,
    clock: Clock,
    busy_timeout: Duration,
    watch_interval: Duration,
    writer: Writer,
    reader: ConnectionThread,
    relay: Arc<Relay>,
}

/// Settings of a [`Sqlite`] that is not open yet.
#[derive(Clone, Debug)]
#[must_use = "nothing is opened until `open` is called"]
pub struct Builder {
    path: PathBuf,
    clock: Clock,
    busy_timeout: Duration,
    watch_interval: Duration,
}

impl Sqlite {
    /// Opens the file with default settings, creates it if need be, and brings its tables up to date.
    ///
    /// # Errors
    /// As [`Builder::open`].
    pub async fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::builder(path).open().await
    }

    /// Settings to open a file with.
    pub fn builder(path: impl AsRef<Path>) -> Builder {
        Builder {
            path: path.as_ref().to_owned(),
            clock: Clock::store(),
            busy_timeout: Duration::from_secs(5),
            watch_interval: Duration::from_millis(50),
        }
    }

    /// The file's absolute path.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    pub(crate) fn full_path(&self) -> Option<&str> {
        self.0.full_path.as_deref()
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.0.clock.now().unwrap_or_else(time::machine_now)
    }

    pub(crate) fn relay(&self) -> &Relay {
        &self.0.relay
    }

    pub(crate) async fn watch(&self) -> Result<Watcher> {
        Watcher::spawn(Watch {
            path: self.0.path.clone(),
            busy_timeout: self.0.busy_timeout,
            interval: self.0.watch_interval,
            relay: Arc::clone(&self.0.relay),
        })
        .await
    }

    /// Runs `work` in a write transaction of its own.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&mut Write<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.0.writer.write(operation, work).await
    }

    /// Runs `work` on a snapshot of the file.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.0
            .reader
            .call(operation, move |conn| {
                let snapshot = || {
                    let tx = conn.transaction()?;
                    work(&tx)
                };
                snapshot().map_err(|error| from_sqlite(operation, error))
            })
            .await
    }
}

impl Builder {
    /// The time to work by. Default [`Clock::store`], which is the machine's time here; tests pin another.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// How long to wait for other processes' transactions before trying again; a call fails with
    /// `Contended` after three such waits. Default 5 seconds.
    pub fn busy_timeout(mut self, busy_timeout: Duration) -> Self {
        self.busy_timeout = busy_timeout;
        self
    }

    /// How often to look for commits of other processes, and of the application's own
    /// connections: how late their hints may come. A look takes about 5 µs. Default 50 ms, at
    /// least 1 ms. Hints of this engine's own calls come at once.
    pub fn watch_interval(mut self, watch_interval: Duration) -> Self {
        self.watch_interval = watch_interval;
        self
    }

    /// Opens the file, creates it if need be, and brings its tables up to date.
    ///
    /// # Errors
    /// `Invalid` for a path that names no file, `Unavailable` when the file cannot be opened,
    /// `Unsupported` when it cannot be used in WAL mode, and `Unmigrated` when it was made by a
    /// newer version of this crate.
    pub async fn open(mut self) -> Result<Sqlite> {
        self.validate()?;
        // The working directory may change before the last connection is made.
        self.path = std::path::absolute(&self.path).map_err(|error| {
            Error::invalid("open", format!("path {:?} cannot be made absolute", self.path)).with_source(error)
        })?;
        let (path, busy_timeout) = (self.path.clone(), self.busy_timeout);
        let thread = ConnectionThread::spawn("oban-sqlite-writer", move || {
            let conn = connect(&path, busy_timeout)?;
            migrate::on_open(&conn).map_err(|error| error.with_context("path", path.display()))?;
            Ok(conn)
        })
        .await?;
        let full_path = thread.call("open", |conn| Ok(conn.path().map(str::to_owned))).await?;
        let path = self.path.clone();
        let reader =
            ConnectionThread::spawn("oban-sqlite-reader", move || connect(&path, busy_timeout)).await?;
        let relay = Arc::new(Relay::default());
        Ok(Sqlite(Arc::new(Inner {
            path: self.path,
            full_path,
            clock: self.clock.clone(),
            busy_timeout,
            watch_interval: self.watch_interval,
            writer: Writer::new(thread, self.clock, Arc::clone(&relay)),
            reader,
            relay,
        })))
    }

    fn validate(&self) -> Result<()> {
        let path = self.path.to_string_lossy();
        if path.is_empty() || path.starts_with(":memory:") || path.starts_with("file:") {
            return Err(Error::invalid(
                "open",
                format!(
                    "path {path:?} names no file that several connections can share; name a file, or use the \
                     in-memory engine of oban-testing"
                ),
            ));
        }
        if self.busy_timeout.as_millis() > i32::MAX as u128 {
            return Err(Error::invalid(
                "open",
                format!("busy_timeout {:?} is too long; use at most 24 days", self.busy_timeout),
            ));
        }
        if self.watch_interval < Duration::from_millis(1) {
            return Err(Error::invalid(
                "open",
                format!("watch_interval {:?} is too short; use at least 1 ms", self.watch_interval),
            ));
        }
        Ok(())
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sqlite").field("path", &self.0.path).finish_non_exhaustive()
    }
}
