use std::collections::BTreeMap;

use oban_core::Result;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::{run, version::Found};
use crate::{Postgres, error, row, sql};

/// Which indexes the table of jobs has. Oban's statements are correct with either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IndexProfile {
    /// Small partial indexes for what this crate does, so that writes touch fewer and smaller indexes than with
    /// Oban's own. Slow for Oban Web and for unique jobs of Elixir on large tables.
    Lean,
    /// Oban's own set, for clusters where Elixir nodes or Oban Web query the table, and the few that this
    /// crate needs beside it.
    Elixir,
}

/// An index of the table of jobs.
struct Index {
    name: &'static str,
    text: &'static str,
    /// Since which of its versions Oban makes it; `None` when it is ours.
    oban_since: Option<u32>,
    profiles: &'static [IndexProfile],
}

const LEAN: &[IndexProfile] = &[IndexProfile::Lean];
const ELIXIR: &[IndexProfile] = &[IndexProfile::Elixir];
const BOTH: &[IndexProfile] = &[IndexProfile::Lean, IndexProfile::Elixir];

/// The index that tells a table with Oban's own set.
const MAIN: &str = "oban_jobs_state_queue_priority_scheduled_at_id_index";

macro_rules! index {
    ($name:literal, $oban_since:expr, $profiles:expr) => {
        Index {
            name: $name,
            text: include_str!(concat!("../../sql/indexes/", $name, ".sql")),
            oban_since: $oban_since,
            profiles: $profiles,
        }
    };
}

const INDEXES: &[Index] = &[
    index!("oban_jobs_available_index", None, LEAN),
    index!("oban_jobs_staging_index", None, BOTH),
    index!("oban_jobs_retryable_index", None, LEAN),
    index!("oban_jobs_executing_index", None, LEAN),
    index!("oban_jobs_exhausted_index", None, BOTH),
    index!("oban_jobs_completed_index", None, BOTH),
    index!("oban_jobs_cancelled_index", None, LEAN),
    index!("oban_jobs_discarded_index", None, LEAN),
    index!("oban_jobs_unique_key_index", None, BOTH),
    index!("oban_jobs_state_queue_priority_scheduled_at_id_index", Some(10), ELIXIR),
    index!("oban_jobs_args_index", Some(10), ELIXIR),
    index!("oban_jobs_meta_index", Some(10), ELIXIR),
    index!("oban_jobs_state_cancelled_at_index", Some(13), ELIXIR),
    index!("oban_jobs_state_discarded_at_index", Some(13), ELIXIR),
];

/// Builds what is missing and, when a profile was asked for, drops what does not belong to it. Without
/// one, a table with Oban's indexes keeps them as they are, and gets those that its missing versions
/// would have made.
pub(super) async fn arrange(postgres: &Postgres, conn: &mut PgConnection, found: &Found) -> Result<()> {
    let present = present(postgres, conn).await?;
    let apparent = if present.contains_key(MAIN) { IndexProfile::Elixir } else { IndexProfile::Lean };
    let profile = postgres.profile.unwrap_or(apparent);
    // Building without a lock takes two passes and waits for every open transaction, so not for a new table.
    let concurrently = found.has_jobs;
    let (wanted, unwanted): (Vec<&Index>, Vec<&Index>) =
        INDEXES.iter().partition(|index| index.profiles.contains(&profile));
    // First the new ones, so that no statement lacks its index meanwhile.
    for index in wanted {
        let is_due =
            postgres.profile.is_some() || index.oban_since.is_none_or(|since| since > found.version());
        let is_valid = present.get(index.name);
        if is_valid == Some(&false) {
            run(conn, &sql::drop_index(index.name, &postgres.prefix)).await?;
        }
        if is_valid == Some(&false) || (is_valid.is_none() && is_due) {
            run(conn, &sql::create_index(index.text, &postgres.prefix, concurrently)).await?;
        }
    }
    for index in unwanted {
        let is_valid = present.get(index.name);
        if is_valid == Some(&false) || (is_valid.is_some() && postgres.profile.is_some()) {
            run(conn, &sql::drop_index(index.name, &postgres.prefix)).await?;
        }
    }
    Ok(())
}

/// The names of the table's indexes, each with whether it is valid.
async fn present(postgres: &Postgres, conn: &mut PgConnection) -> Result<BTreeMap<String, bool>> {
    const OPERATION: &str = "migrate";
    let text = sql::render(include_str!("../../sql/migrations/indexes.sql"), &postgres.prefix);
    let rows = sqlx::query(AssertSqlSafe(text))
        .persistent(false)
        .bind(postgres.prefix.as_str())
        .fetch_all(conn)
        .await
        .map_err(error::of(OPERATION))?;
    rows.iter()
        .map(|row| Ok((row.try_get("name")?, row.try_get("is_valid")?)))
        .collect::<Result<_, sqlx::Error>>()
        .map_err(row::unexpected(OPERATION))
}
