//! Values as the database takes them.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, TimeDelta};
use oban_core::{JobFilter, Schedule};
use sqlx::{Postgres, query::Query};
use sqlx_postgres::PgArguments;

type Statement = Query<'static, Postgres, PgArguments>;

/// Binds five conditions of a filter: ids, states, queues, workers, tags. NULL where any value will do.
pub(crate) fn bind_conditions(statement: Statement, filter: &JobFilter) -> Statement {
    statement
        .bind(some(filter.ids.iter().map(|id| id.0)))
        .bind(some(filter.states.iter().map(|state| state.as_str())))
        .bind(some(filter.queues.iter().cloned()))
        .bind(some(filter.workers.iter().cloned()))
        .bind(some(filter.tags.iter().cloned()))
}

/// Binds the conditions of a filter and its limit.
pub(crate) fn bind_filter(statement: Statement, filter: &JobFilter) -> Statement {
    bind_conditions(statement, filter).bind(filter.limit.map(bounded))
}

/// Binds the rest of a filter, as the last parameter of a statement: above which id.
pub(crate) fn bind_above(statement: Statement, filter: &JobFilter) -> Statement {
    statement.bind(filter.above.map(|id| id.0))
}

/// A size as the database takes it.
pub(crate) fn bounded(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// A schedule as a time, or as microseconds from now. Neither means at once.
pub(crate) fn moment(schedule: Schedule) -> (Option<NaiveDateTime>, Option<i64>) {
    match schedule {
        Schedule::Now => (None, None),
        Schedule::At(at) => {
            // The driver would cut off towards the year 2000.
            let at = DateTime::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at);
            (Some(at.naive_utc()), None)
        }
        Schedule::In(period) => (None, Some(micros(period.into()))),
    }
}

/// When a job may run that was inserted at this time.
pub(crate) fn scheduled_at(schedule: Schedule, inserted_at: NaiveDateTime) -> NaiveDateTime {
    let (scheduled_at, delay) = moment(schedule);
    let delay = TimeDelta::microseconds(delay.unwrap_or(0));
    scheduled_at.or_else(|| inserted_at.checked_add_signed(delay)).unwrap_or(NaiveDateTime::MAX)
}

/// Texts as the literal of an array.
pub(crate) fn text_array(texts: &[String]) -> String {
    let mut literal = "{".to_owned();
    for text in texts {
        if literal.len() > 1 {
            literal.push(',');
        }
        literal.push('"');
        for letter in text.chars() {
            if matches!(letter, '"' | '\\') {
                literal.push('\\');
            }
            literal.push(letter);
        }
        literal.push('"');
    }
    literal.push('}');
    literal
}

/// A span as the database takes it. Cut off at a thousand years, as timestamps end somewhere.
pub(crate) fn micros(span: Duration) -> i64 {
    const LONGEST: Duration = Duration::from_secs(31_556_952_000);
    i64::try_from(span.min(LONGEST).as_micros()).unwrap_or(i64::MAX)
}

fn some<T>(values: impl Iterator<Item = T>) -> Option<Vec<T>> {
    let values: Vec<T> = values.collect();
    (!values.is_empty()).then_some(values)
}
