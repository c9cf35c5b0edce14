//! On whose terms jobs are inserted.

use oban_core::Result;

use crate::error;

pub(in crate::engine) const OPERATION: &str = "insert_jobs";

/// Whatever the application's default is: above it, an insert that waited for another one would not see its jobs.
pub(in crate::engine) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// On whose terms statements run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Terms {
    /// In a transaction of our own: each has a limit in time, and many jobs are copied.
    Ours,
    /// On a caller's connection, in whatever transaction it is in: how long that may take is the caller's to say. Never
    /// by COPY: see [`copy`](super::copy).
    Callers,
}

impl Terms {
    /// Waits for a statement.
    pub(in crate::engine) async fn hold<T>(
        self,
        statement: impl Future<Output = Result<T, sqlx::Error>> + Send,
    ) -> Result<T> {
        match self {
            Self::Ours => error::within(OPERATION, statement).await,
            Self::Callers => statement.await.map_err(error::of(OPERATION)),
        }
    }
}
