//! The statements that `oban` sends to Postgres, in the schema `public`.

use std::sync::LazyLock;

use sqlx::{AssertSqlSafe, Postgres, query::Query};
use sqlx_postgres::PgArguments;

/// What `oban` sets on the connections of its queues.
pub(super) const SETTINGS: &str = "SET plan_cache_mode = force_generic_plan; SET jit = off; \
     SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off";

pub(super) const CHANNEL: &str = "public.oban_insert";

/// Finishes jobs and takes the next in one round trip, by a function that the connection defines first.
pub(super) static ACK_AND_FETCH: LazyLock<String> =
    LazyLock::new(|| render(include_str!("../../../../oban-postgres/sql/session/ack_and_fetch_jobs.sql")));
pub(super) static DEFINE: LazyLock<String> = LazyLock::new(define);
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

/// Behind the parameters of the first statement, $1 to $10, come those of the second. Both begin with the time.
fn define() -> String {
    let behind = (2..=8).fold(FETCH.clone(), |text, number| {
        text.replace(&format!("${number}::"), &format!("${}::", number + 9))
    });
    render(include_str!("../../../../oban-postgres/sql/session/define_ack_and_fetch_jobs.sql"))
        .replace("{ack_jobs}", &render(include_str!("../../../../oban-postgres/sql/ack_jobs.sql")))
        .replace("{fetch_jobs}", &behind)
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
