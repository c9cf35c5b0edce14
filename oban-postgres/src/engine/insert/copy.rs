//! Many jobs at once, by COPY, which takes rows faster than any statement but returns none. So their ids and
//! their time are taken first, in the same transaction.
//!
//! Only on connections that can be closed. The driver loses count of the server's answers when the future
//! of a COPY is dropped halfway: the connection would give each later query the answer to another.

use oban_core::{Channel, Error, ErrorKind, Inserted, NewJob, Result};
use sqlx::{Encode, PgConnection, error::BoxDynError};
use sqlx_postgres::PgArgumentBuffer;

use super::{hints, terms::OPERATION};
use crate::{
    Postgres,
    bind::{bounded, scheduled_at},
    encode::Jsonb,
    error,
    row::{self, Receipt},
};

/// Rows of one COPY: an application's `statement_timeout` holds for each.
const ROWS: usize = 20_000;

/// Bytes of one message. The server works on one while we write the next.
const PIECE: usize = 64 * 1024;

/// Before the first row: the format's name, no flags, and nothing else that a reader has to know.
const START: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// Before each row: how many columns the statement names.
const COLUMNS: [u8; 2] = 11_i16.to_be_bytes();

/// Behind the last row.
const END: [u8; 2] = (-1_i16).to_be_bytes();

/// Takes the ids and the time of jobs that are to be copied, in the transaction of this connection. `None` where the
/// table does not let us copy.
pub(super) async fn reserve(
    postgres: &Postgres,
    conn: &mut PgConnection,
    jobs: &[NewJob],
) -> Result<Option<Vec<Receipt>>> {
    let statement = postgres
        .query(&postgres.sql.insert_jobs_reserve)
        .bind(postgres.now())
        .bind(postgres.prefix.channel(Channel::Insert))
        .bind(hints::of_jobs(jobs))
        .bind(bounded(jobs.len()));
    let row = error::within(OPERATION, statement.fetch_one(conn)).await?;
    row::reserved(&row).map_err(row::unexpected(OPERATION))
}

/// Copies jobs that these receipts were reserved for, one each.
pub(super) async fn copy(
    postgres: &Postgres,
    conn: &mut PgConnection,
    jobs: Vec<NewJob>,
    receipts: &[Receipt],
) -> Result<Vec<Inserted>> {
    row::check_count(receipts.len(), jobs.len(), OPERATION)?;
    let mut inserted = Vec::with_capacity(jobs.len());
    let mut jobs = jobs.into_iter();
    for receipts in receipts.chunks(ROWS) {
        let mut copy = error::within(OPERATION, conn.copy_in_raw(&postgres.sql.insert_jobs_copy)).await?;
        let mut rows = Rows::default();
        for (receipt, job) in receipts.iter().zip(jobs.by_ref()) {
            rows.push(&job, *receipt).map_err(unwritable)?;
            inserted.push(Inserted::new(row::stored(job, *receipt)));
            if rows.0.len() >= PIECE {
                error::within(OPERATION, copy.send(rows.0.as_slice())).await?;
                rows.0.clear();
            }
        }
        rows.0.extend(END);
        error::within(OPERATION, copy.send(rows.0.as_slice())).await?;
        let stored = error::within(OPERATION, copy.finish()).await?;
        row::check_count(usize::try_from(stored).unwrap_or(usize::MAX), receipts.len(), OPERATION)?;
    }
    Ok(inserted)
}

/// Rows in the binary format, in which the server need not parse numbers and times.
struct Rows(PgArgumentBuffer);

impl Default for Rows {
    fn default() -> Self {
        let mut buffer = PgArgumentBuffer::default();
        buffer.reserve(2 * PIECE);
        buffer.extend(START);
        Self(buffer)
    }
}

impl Rows {
    fn push(&mut self, job: &NewJob, receipt: Receipt) -> Result<(), BoxDynError> {
        self.0.extend(COLUMNS);
        self.field(receipt.id.0)?;
        self.field(job.state().as_str())?;
        self.field(job.queue.as_str())?;
        self.field(job.worker.as_str())?;
        self.field(Jsonb(&job.args))?;
        self.field(Jsonb(&job.meta))?;
        self.field(job.tags.as_slice())?;
        self.field(i32::try_from(job.max_attempts).unwrap_or(i32::MAX))?;
        self.field(job.priority)?;
        self.field(receipt.inserted_at)?;
        self.field(scheduled_at(job.schedule, receipt.inserted_at))
    }

    /// Writes a value that is not NULL behind its length.
    fn field<'q>(&mut self, value: impl Encode<'q, sqlx::Postgres>) -> Result<(), BoxDynError> {
        let start = self.0.len();
        self.0.extend([0; 4]);
        let _is_null = value.encode(&mut self.0)?;
        let length = i32::try_from(self.0.len() - start - 4)?;
        self.0[start..start + 4].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }
}

fn unwritable(error: BoxDynError) -> Error {
    Error::new(ErrorKind::Invalid, OPERATION, "a job cannot be written as a row").with_source(error)
}
