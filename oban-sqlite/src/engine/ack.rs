//! Ends of executions.

use oban_core::{Ack, Finish, JobId, JobState};
use rusqlite::{CachedStatement, OptionalExtension, named_params};
use serde_json::{Value, json};

use crate::{
    sql,
    time::{self, Remembered},
    writer::Write,
};

/// Finishes the executions whose rows still are what the acks speak of, and returns their ids.
pub(super) fn ack(write: &mut Write<'_>, acks: &[Ack]) -> rusqlite::Result<Vec<JobId>> {
    let now = time::to_text(write.now());
    let mut completion = Completion::new(write, &now)?;
    let mut taken = Vec::with_capacity(acks.len());
    let mut handed_back = Vec::new();
    for ack in acks {
        let was_taken = match &ack.finish {
            Finish::Complete { recorded: None } => completion.store(ack)?,
            finish => match end(write, ack, &now)? {
                Some(queue) if finish.state() == JobState::Available => {
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

/// The statement for most outcomes, with all bound that is the same for each.
struct Completion<'w> {
    statement: CachedStatement<'w>,
    id: usize,
    attempt: usize,
    attempted_at: usize,
    times: Remembered,
}

impl<'w> Completion<'w> {
    fn new(write: &Write<'w>, now: &str) -> rusqlite::Result<Self> {
        let mut statement = write.statement(sql::ACK_JOBS_COMPLETE)?;
        let index = |name| statement.parameter_index(name)?.ok_or(rusqlite::Error::InvalidQuery);
        let (id, attempt, attempted_at) = (index(":id")?, index(":attempt")?, index(":attempted_at")?);
        let at = index(":now")?;
        statement.raw_bind_parameter(at, now)?;
        Ok(Self { statement, id, attempt, attempted_at, times: Remembered::default() })
    }

    /// Whether the ack was taken.
    fn store(&mut self, ack: &Ack) -> rusqlite::Result<bool> {
        let attempted_at = ack.attempted_at.map(|time| self.times.text_of(time));
        self.statement.raw_bind_parameter(self.id, ack.id.0)?;
        self.statement.raw_bind_parameter(self.attempt, ack.attempt)?;
        self.statement.raw_bind_parameter(self.attempted_at, attempted_at)?;
        Ok(self.statement.raw_execute()? > 0)
    }
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
