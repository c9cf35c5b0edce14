use oban_core::{Error, ErrorKind, Result};
use sqlx::{PgConnection, Row, postgres::PgRow};

use super::steps::LATEST;
use crate::{Postgres, error, row};

/// The version of what is ours, as the comment on our table tells it.
const OURS: &str = "oban-rs 3";

/// On a table that something else takes care of, such as partitioning.
const INFINITE: &str = "∞";

/// What a schema holds.
#[derive(Debug)]
pub(crate) struct Found {
    jobs_comment: Option<String>,
    ours_comment: Option<String>,
    /// Whether there is a table of jobs at all.
    pub(super) has_jobs: bool,
    /// Whether there is a schema to hold one.
    pub(super) has_schema: bool,
    is_python: bool,
}

/// Reads the comments on the tables.
pub(super) async fn find(postgres: &Postgres, conn: &mut PgConnection) -> Result<Found> {
    let statement = postgres.query(&postgres.sql.version).bind(postgres.prefix.as_str());
    let row = error::within("verify", statement.fetch_one(conn)).await?;
    decode(&row).map_err(row::unexpected("verify"))
}

impl Found {
    /// Oban's version; 0 without a table or without a version on it.
    pub(super) fn version(&self) -> u32 {
        match self.jobs_comment.as_deref() {
            Some(INFINITE) => LATEST,
            Some(comment) => comment.trim().parse().unwrap_or(0),
            None => 0,
        }
    }

    /// Whether the table must be left alone.
    pub(super) fn is_infinite(&self) -> bool {
        self.jobs_comment.as_deref() == Some(INFINITE)
    }

    /// Whether what is ours is there and up to date.
    pub(super) fn is_ours_current(&self) -> bool {
        self.ours_comment.as_deref() == Some(OURS)
    }

    /// What keeps an engine from working here, with the cure.
    pub(crate) fn problem(&self) -> Option<String> {
        let version = self.version();
        if self.is_python {
            return Some(PYTHON.to_owned());
        }
        if !self.has_jobs {
            return Some(format!(
                "there is no table of jobs; version {LATEST} is needed, run `Postgres::migrate`"
            ));
        }
        if version > LATEST {
            return Some(newer(version));
        }
        if version < LATEST {
            return Some(format!(
                "the table of jobs is at version {version}; version {LATEST} is needed, run `Postgres::migrate`"
            ));
        }
        if !self.is_ours_current() {
            let found = self.ours_comment.as_deref().unwrap_or("none");
            return Some(format!(
                "the table of producers is at version {found:?}; {OURS:?} is needed, run `Postgres::migrate`"
            ));
        }
        None
    }

    /// Keeps migrations away from tables they do not know.
    pub(super) fn refuse_foreign(&self) -> Result<()> {
        let problem = if self.is_python {
            PYTHON.to_owned()
        } else if self.version() > LATEST {
            newer(self.version())
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::Unmigrated, "migrate", problem))
    }
}

const PYTHON: &str = "the table of jobs was made by Oban for Python, whose columns differ; \
                      use another prefix, or a table made by Oban for Elixir or by this crate";

fn newer(version: u32) -> String {
    format!("the table of jobs is at version {version}, newer than {LATEST}; update oban-postgres")
}

fn decode(row: &PgRow) -> Result<Found, sqlx::Error> {
    Ok(Found {
        jobs_comment: row.try_get("jobs_comment")?,
        ours_comment: row.try_get("ours_comment")?,
        has_jobs: row.try_get("has_jobs")?,
        has_schema: row.try_get("has_schema")?,
        is_python: row.try_get::<Option<bool>, _>("is_python")?.unwrap_or(false),
    })
}
