//! The job: hashes one file.

use std::{
    fs::{self, File, Metadata},
    io::{self, ErrorKind, Read},
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use oban::{Context, Job, Outcome, Performed, Worker, job};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Hash this version of a file. Another size or time of modification makes another job.
#[job(queue = "files", max_attempts = 5)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct HashFile {
    /// Absolute.
    pub(crate) path: String,
    /// In bytes.
    pub(crate) size: u64,
    /// In nanoseconds since 1970.
    pub(crate) modified: i64,
}

/// What a job records.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Hashed {
    /// In lower-case hexadecimal digits.
    pub(crate) sha256: String,
    pub(crate) bytes: u64,
}

/// How many files fail at their first attempt. The workers' state.
#[derive(Debug)]
pub(crate) struct Flakiness {
    percent: u8,
}

impl Worker<Flakiness> for HashFile {
    /// It blocks, as its queue allows.
    async fn perform(self, ctx: Context<Flakiness>) -> Performed {
        if ctx.job().attempt == 1 && ctx.state().strikes(&self.path) {
            return Err("failed on purpose, to show a retry: see --flaky".into());
        }
        match self.hash().await {
            Ok(Some(hashed)) => Ok(Outcome::record(hashed)),
            Ok(None) => Ok(Outcome::cancel(format!("{} has changed meanwhile: run again", self.path))),
            Err(error) if is_lasting(&error) => {
                Ok(Outcome::cancel(format!("cannot read {}: {error}", self.path)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Short, so that retries are seen.
    fn backoff(job: &Job) -> Duration {
        Duration::from_millis(250) * job.attempt
    }
}

impl HashFile {
    /// The job of a regular file. `None` for times that nobody has.
    pub(crate) fn of(path: &str, metadata: &Metadata) -> Option<Self> {
        let modified = metadata.modified().ok()?;
        let nanoseconds = match modified.duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_nanos()).ok()?,
            Err(before) => i64::try_from(before.duration().as_nanos()).ok()?.checked_neg()?,
        };
        Some(Self { path: path.to_owned(), size: metadata.len(), modified: nanoseconds })
    }

    /// `None` when the file is no longer the one that was listed.
    async fn hash(&self) -> io::Result<Option<Hashed>> {
        // Before it is opened: opening what has become a pipe would wait for its other end.
        if !self.is_version(&fs::symlink_metadata(&self.path)?) {
            return Ok(None);
        }
        let mut file = File::open(&self.path)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; READ.min(usize::try_from(self.size).unwrap_or(READ)).max(1)];
        let mut bytes = 0;
        loop {
            let read = match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            hasher.update(&buffer[..read]);
            bytes += read as u64;
            // Where a run can be ended when the node has stopped waiting for it.
            tokio::task::yield_now().await;
        }
        let is_whole = bytes == self.size && self.is_version(&file.metadata()?);
        Ok(is_whole.then(|| Hashed { sha256: hexadecimal(&hasher.finalize()), bytes }))
    }

    fn is_version(&self, metadata: &Metadata) -> bool {
        metadata.is_file() && Self::of(&self.path, metadata).as_ref() == Some(self)
    }
}

impl Flakiness {
    pub(crate) fn percent(percent: u8) -> Self {
        Self { percent }
    }

    /// The same files each time, so that runs can be compared.
    fn strikes(&self, path: &str) -> bool {
        let digest = Sha256::digest(path);
        u16::from_be_bytes([digest[0], digest[1]]) % 100 < u16::from(self.percent)
    }
}

/// What the jobs of a directory are tagged with.
pub(crate) fn tag(root: &Path) -> String {
    let digest = Sha256::digest(root.as_os_str().as_encoded_bytes());
    format!("root:{}", hexadecimal(&digest[..8]))
}

/// How many bytes at once.
const READ: usize = 1024 * 1024;

/// Whether trying again soon would be of no use.
fn is_lasting(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::PermissionDenied)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
