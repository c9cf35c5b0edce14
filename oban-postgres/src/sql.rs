//! The one place that makes SQL text: each file of `sql/`, with the schema's name put in.

use std::{sync::Arc, time::Duration};

use crate::prefix::Prefix;

/// A statement as it is sent.
pub(crate) type Statement = Arc<str>;

macro_rules! statements {
    ($($name:ident),* $(,)?) => {
        /// The statements of one schema, a field for each file.
        #[derive(Debug)]
        pub(crate) struct Sql {
            $(pub(crate) $name: Statement,)*
        }

        impl Sql {
            #[cfg(test)]
            const NAMES: &[&str] = &[$(stringify!($name)),*];

            /// The statements for the tables in `prefix`.
            pub(crate) fn new(prefix: &Prefix) -> Self {
                Self { $($name: render(include_str!(concat!("../sql/", stringify!($name), ".sql")), prefix),)* }
            }
        }
    };
}

statements! {
    ack_jobs,
    announce_queues,
    campaign,
    cancel_jobs,
    check_cron,
    count_jobs,
    count_jobs_up_to_limit,
    delete_jobs,
    fetch_jobs,
    init_queue,
    insert_cron_jobs,
    insert_cron_jobs_trim,
    insert_jobs,
    insert_jobs_copy,
    insert_jobs_duplicates,
    insert_jobs_known,
    insert_jobs_lock,
    insert_jobs_lock_held,
    insert_jobs_replace,
    insert_jobs_reserve,
    leader,
    list_jobs,
    notify,
    prune_jobs,
    reclaim_jobs,
    refresh_queues,
    rescue_jobs,
    resign,
    retry_jobs,
    shutdown_queue,
    stage_jobs,
    update_jobs,
    update_queue,
    version,
}

/// What the engine's own connections can do because each of them has defined it.
#[derive(Debug)]
pub(crate) struct Session {
    /// Defines the function.
    pub(crate) define_ack_and_fetch_jobs: Statement,
    /// Calls it: the parameters of `ack_jobs`, then those of `fetch_jobs` without the time.
    pub(crate) ack_and_fetch_jobs: Statement,
}

impl Session {
    /// The statements for the tables in `prefix`.
    pub(crate) fn new(sql: &Sql, prefix: &Prefix) -> Self {
        let define = render(include_str!("../sql/session/define_ack_and_fetch_jobs.sql"), prefix);
        let call = include_str!("../sql/session/ack_and_fetch_jobs.sql");
        let define =
            define.replace("{ack_jobs}", &sql.ack_jobs).replace("{fetch_jobs}", &after_acks(&sql.fetch_jobs));
        Self { define_ack_and_fetch_jobs: define.into(), ack_and_fetch_jobs: render(call, prefix) }
    }
}

/// `fetch_jobs` behind the parameters of `ack_jobs`, $2 to $10. Both have the time as $1.
fn after_acks(fetch_jobs: &str) -> String {
    (2..=8).fold(fetch_jobs.to_owned(), |text, number| {
        text.replace(&format!("${number}::"), &format!("${}::", number + 9))
    })
}

/// The text of a file for one schema. Comments are for readers of the file, not for the wire.
pub(crate) fn render(text: &str, prefix: &Prefix) -> Statement {
    let bare: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
    bare.join("\n").replace("{prefix}", &prefix.quoted()).into()
}

/// The text of a file that builds an index, with or without blocking writers.
pub(crate) fn create_index(text: &str, prefix: &Prefix, concurrently: bool) -> Statement {
    render(&text.replace("{concurrently}", if concurrently { "CONCURRENTLY" } else { "" }), prefix)
}

/// Drops an index without blocking writers.
pub(crate) fn drop_index(name: &str, prefix: &Prefix) -> Statement {
    format!("DROP INDEX CONCURRENTLY IF EXISTS {}.{}", prefix.quoted(), quoted(name)).into()
}

/// Builds an index anew without blocking writers.
pub(crate) fn reindex_index(name: &str, prefix: &Prefix) -> Statement {
    format!("REINDEX INDEX CONCURRENTLY {}.{}", prefix.quoted(), quoted(name)).into()
}

/// A name out of the catalog, where it may hold anything.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Limits the statements of a session that follow.
pub(crate) fn statement_timeout(timeout: Duration) -> Statement {
    const LONGEST: u128 = i32::MAX as u128;
    format!("SET statement_timeout = {}", timeout.as_millis().clamp(1, LONGEST)).into()
}

/// For migrators: building an index may take longer than the application's statements are allowed to.
pub(crate) const WITHOUT_TIMEOUT: &str = "SET statement_timeout = 0";

/// Makes the schema.
pub(crate) fn create_schema(prefix: &Prefix) -> Statement {
    format!("CREATE SCHEMA IF NOT EXISTS {}", prefix.quoted()).into()
}

/// Writes the version of Oban's catalog where every Oban looks for it.
pub(crate) fn comment_version(version: u32, prefix: &Prefix) -> Statement {
    format!("COMMENT ON TABLE {}.oban_jobs IS '{version}'", prefix.quoted()).into()
}

#[cfg(test)]
mod tests {
    use super::Sql;
    use std::path::Path;

    #[test]
    fn knows_every_file() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        files.sort();
        assert_eq!(files, Sql::NAMES);
    }
}
