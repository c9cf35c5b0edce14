//! Ends of executions.

use oban_core::{Ack, Finish, JobId};
use rusqlite::{CachedStatement, OptionalExtension, named_params};
use serde_json::{Value, json};

use crate::{sql, time, writer::Write};

/// Finishes the executions whose rows still are what the acks speak of, and returns their ids.
pub(super) fn ack(write: &mut Write<'_>, acks: &[Ack]) -> rusqlite::Result<Vec<JobId>> {
    let now = time::to_text(write.now());
    let mut statement = write.statement(sql::ACK_JOBS_COMPLETE)?;
    let mut taken = Vec::with_capacity(acks.len());
    let mut handed_back = Vec::new();
    for ack in acks {
        let was_taken = match &ack.finish {
            Finish::Complete { recorded: None } => complete(&mut statement, ack, &now)?,
            finish => match end(write, ack, &now)? {
                Some(queue) if *finish == Finish::HandBack => {
                    handed_back.push(queue);
                    true
                }
                queue => queue.is_some(),
            },
        };
        if was_taken {
            taken.push(ack.id);
        }
    }
    write.announce(handed_back.iter().map(String::as_str))?;
    Ok(taken)
}

fn complete(statement: &mut CachedStatement<'_>, ack: &Ack, now: &str) -> rusqlite::Result<bool> {
    let changed = statement.execute(named_params! {
        ":id": ack.id.0,
        ":attempt": ack.attempt,
        ":attempted_at": ack.attempted_at.map(time::to_text),
        ":now": now,
    })?;
    Ok(changed > 0)
}

/// The queue of the job, if the ack was taken.
fn end(write: &Write<'_>, ack: &Ack, now: &str) -> rusqlite::Result<Option<String>> {
    let finish = &ack.finish;
    let meta = finish.meta();
    let replaced = meta.as_ref().map(|meta| meta.keys().map(|key| (key.clone(), Value::Null)).collect());
    let error = finish.error().map(|error| json!({ "at": now, "attempt": ack.attempt, "error": error }));
    write
        .statement(sql::ACK_JOBS)?
        .query_row(
            named_params! {
                ":id": ack.id.0,
                ":attempt": ack.attempt,
                ":attempted_at": ack.attempted_at.map(time::to_text),
                ":state": finish.state().as_str(),
                ":refund": i64::from(finish.refunds_attempt()),
                ":scheduled_at": finish.delay().map(|delay| time::to_text(time::after(write.now(), delay))),
                ":error": error.map(|error| error.to_string()),
                ":meta": meta.map(|meta| Value::Object(meta).to_string()),
                ":replaced": replaced.map(|keys| Value::Object(keys).to_string()),
                ":counter": finish.counter(),
                ":now": now,
            },
            |row| row.get(0),
        )
        .optional()
}
