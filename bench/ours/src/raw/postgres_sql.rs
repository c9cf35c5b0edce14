//! The statements that `oban` sends to Postgres, in the schema `public`.

use std::sync::LazyLock;

use sqlx::{AssertSqlSafe, Postgres, query::Query};
use sqlx_postgres::PgArguments;

/// What `oban` sets on the connections of its queues.
pub(super) const SETTINGS: &str = "SET plan_cache_mode = force_generic_plan; SET jit = off; \
     SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off";

pub(super) const CHANNEL: &str = "public.oban_insert";

pub(super) static ACK: LazyLock<String> =
    LazyLock::new(|| render(include_str!("../../../../oban-postgres/sql/ack_jobs.sql")));
pub(super) static FETCH: LazyLock<String> =
    LazyLock::new(|| render(include_str!("../../../../oban-postgres/sql/fetch_jobs.sql")));
pub(super) static INSERT: LazyLock<String> =
    LazyLock::new(|| render(include_str!("../../../../oban-postgres/sql/insert_jobs.sql")));
pub(super) static INSERT_BULK: LazyLock<String> =
    LazyLock::new(|| render(include_str!("../../sql/insert_bulk.sql")));
pub(super) static COPY: LazyLock<String> = LazyLock::new(|| render(include_str!("../../sql/copy.sql")));

/// A statement that is prepared once.
pub(super) fn query(statement: &'static LazyLock<String>) -> Query<'static, Postgres, PgArguments> {
    sqlx::query(AssertSqlSafe(statement.as_str()))
}

fn render(text: &str) -> String {
    let bare: Vec<_> = text.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
    bare.join("\n").replace("{prefix}", "public")
}

#[cfg(test)]
mod tests {
    use super::SETTINGS;

    #[test]
    fn the_settings_are_those_of_oban() {
        let words = |text: &str| text.replace('\\', " ").split_whitespace().collect::<Vec<_>>().join(" ");
        let pool = words(include_str!("../../../../oban-postgres/src/pool.rs"));
        assert!(pool.contains(&format!("\"{}\"", words(SETTINGS))));
    }
}
