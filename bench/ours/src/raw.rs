//! The bare database: a loop of the statements that `oban` sends, taken from the files it takes them from.

mod postgres;
mod postgres_node;
mod postgres_sql;
mod sqlite;
mod sqlite_node;

pub(crate) use postgres::postgres;
pub(crate) use postgres::postgres_copy;
pub(crate) use sqlite::connect;
pub(crate) use sqlite::sqlite;

/// Whether nothing waits or runs, for either database.
pub(crate) const IS_DONE: &str = include_str!("../sql/is_done.sql");

const MAX_ATTEMPTS: i32 = 20;

fn args(number: usize) -> String {
    format!(r#"{{"number":{number}}}"#)
}
