//! Many jobs at once, by COPY, which takes rows faster than any statement but returns none. So their ids and
//! their time are taken first, in the same transaction.
//!
//! Only on connections that can be closed. The driver loses count of the server's answers when the future
//! of a COPY is dropped halfway: the connection would give each later query the answer to another.

use std::fmt::{self, Write};

use oban_core::{Channel, Error, ErrorKind, NewJob, Result, Schedule};
use serde_json::Value;
use sqlx::PgConnection;

use super::insert::{OPERATION, announcements};
use crate::{
    Postgres,
    bind::{bounded, scheduled_at, text_array},
    error,
    row::{self, Receipt},
};

/// Rows of one COPY: an application's `statement_timeout` holds for each.
const ROWS: usize = 20_000;

/// Bytes of one message. The server works on one while we write the next.
const PIECE: usize = 64 * 1024;

/// Copies jobs in the transaction of this connection. `None`, with nothing written, where the table does not let us.
pub(super) async fn copy(
    postgres: &Postgres,
    conn: &mut PgConnection,
    jobs: &[NewJob],
) -> Result<Option<Vec<Receipt>>> {
    let mut receipts = Vec::with_capacity(jobs.len());
    for jobs in jobs.chunks(ROWS) {
        let Some(reserved) = reserve(postgres, conn, jobs).await? else { return Ok(None) };
        write(postgres, conn, jobs, &reserved).await?;
        receipts.extend(reserved);
    }
    Ok(Some(receipts))
}

async fn reserve(
    postgres: &Postgres,
    conn: &mut PgConnection,
    jobs: &[NewJob],
) -> Result<Option<Vec<Receipt>>> {
    let statement = postgres
        .query(&postgres.sql.insert_jobs_reserve)
        .bind(postgres.now())
        .bind(postgres.prefix.channel(Channel::Insert))
        .bind(announcements(jobs))
        .bind(bounded(jobs.len()));
    let row = error::within(OPERATION, statement.fetch_one(conn)).await?;
    row::reserved(&row).map_err(row::unexpected(OPERATION))
}

async fn write(
    postgres: &Postgres,
    conn: &mut PgConnection,
    jobs: &[NewJob],
    receipts: &[Receipt],
) -> Result<()> {
    let mut copy = error::within(OPERATION, conn.copy_in_raw(&postgres.sql.insert_jobs_copy)).await?;
    let mut lines = String::with_capacity(2 * PIECE);
    let inserted_at = receipts.first().map(|receipt| receipt.inserted_at.to_string()).unwrap_or_default();
    for (job, receipt) in jobs.iter().zip(receipts) {
        line(&mut lines, job, *receipt, &inserted_at).map_err(|error| {
            Error::new(ErrorKind::Invalid, OPERATION, "a job cannot be written as text").with_source(error)
        })?;
        if lines.len() >= PIECE {
            error::within(OPERATION, copy.send(lines.as_bytes())).await?;
            lines.clear();
        }
    }
    error::within(OPERATION, copy.send(lines.as_bytes())).await?;
    let rows = error::within(OPERATION, copy.finish()).await?;
    row::check_count(usize::try_from(rows).unwrap_or(usize::MAX), jobs.len(), OPERATION)
}

/// Writes the row of a job in the text format: columns end with tabs, rows with line feeds. The time of insertion is
/// that of all rows, and writing it as text again for each would take longer than the rest.
fn line(lines: &mut String, job: &NewJob, receipt: Receipt, inserted_at: &str) -> fmt::Result {
    write!(lines, "{}\t{}\t", receipt.id, job.state())?;
    for text in [&job.queue, &job.worker] {
        Escaped(lines).write_str(text)?;
        lines.push('\t');
    }
    write!(Escaped(lines), "{}", job.args)?;
    lines.push('\t');
    write!(Escaped(lines), "{}", Value::Object(job.meta.clone()))?;
    lines.push('\t');
    Escaped(lines).write_str(&text_array(&job.tags))?;
    write!(lines, "\t{}\t{}\t{inserted_at}\t", job.max_attempts, job.priority)?;
    match job.schedule {
        Schedule::Now => lines.push_str(inserted_at),
        schedule => write!(lines, "{}", scheduled_at(schedule, receipt.inserted_at))?,
    }
    lines.push('\n');
    Ok(())
}

/// Keeps what a text contains from being taken for the end of a column, the end of a row, or NULL.
struct Escaped<'a>(&'a mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(['\\', '\t', '\n', '\r']) {
            self.0.push_str(&rest[..at]);
            self.0.push_str(match rest.as_bytes()[at] {
                b'\\' => r"\\",
                b'\t' => r"\t",
                b'\n' => r"\n",
                _ => r"\r",
            });
            rest = &rest[at + 1..];
        }
        self.0.push_str(rest);
        Ok(())
    }
}
