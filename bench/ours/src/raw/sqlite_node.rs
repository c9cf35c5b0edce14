//! A loop that finishes what it took and takes the next, in one transaction.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
};

use anyhow::{Result, anyhow};
use async_trait::async_trait;
use harness::{Node, probe};
use rusqlite::{Connection, Row, Transaction, TransactionBehavior, named_params};
use serde_json::Value;

use super::sqlite::{lock, now};
use crate::QUEUE;

const ACK: &str = include_str!("../../../../oban-sqlite/sql/ack_jobs_complete.sql");
const FETCH: &str = include_str!("../../../../oban-sqlite/sql/fetch_jobs.sql");

/// Begins to run jobs, in batches of up to `limit`, on a thread of its own.
pub(super) fn start(
    conn: Arc<Mutex<Connection>>,
    wake: mpsc::Sender<()>,
    woken: mpsc::Receiver<()>,
    limit: usize,
) -> Box<dyn Node> {
    let is_stopped = Arc::new(AtomicBool::new(false));
    let stopping = Arc::clone(&is_stopped);
    let thread = thread::spawn(move || run(&conn, limit, &woken, &stopping));
    Box::new(Running { wake, is_stopped, thread })
}

struct Running {
    wake: mpsc::Sender<()>,
    is_stopped: Arc<AtomicBool>,
    thread: JoinHandle<Result<()>>,
}

#[async_trait]
impl Node for Running {
    async fn stop(self: Box<Self>) -> Result<()> {
        self.is_stopped.store(true, Ordering::Release);
        // A thread that is gone says why when it is joined.
        let _ = self.wake.send(());
        self.thread.join().map_err(|_| anyhow!("the loop panicked"))?
    }
}

/// What has to be known of a job to run it and to finish it.
struct Job {
    id: i64,
    attempt: i64,
    attempted_at: String,
    _worker: String,
    _args: Value,
    _meta: Value,
}

fn run(
    conn: &Mutex<Connection>,
    limit: usize,
    woken: &mpsc::Receiver<()>,
    is_stopped: &AtomicBool,
) -> Result<()> {
    let mut running = Vec::new();
    loop {
        running = turn(&mut lock(conn), &running, limit)?;
        running.iter().for_each(|_| probe::reached());
        if running.is_empty() {
            if is_stopped.load(Ordering::Acquire) {
                return Ok(());
            }
            woken.recv()?;
        }
    }
}

/// Finishes these jobs and takes the next.
fn turn(conn: &mut Connection, finished: &[Job], limit: usize) -> Result<Vec<Job>> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let now = now();
    ack(&tx, finished, &now)?;
    let jobs = fetch(&tx, limit, &now)?;
    tx.commit()?;
    Ok(jobs)
}

fn ack(tx: &Transaction<'_>, jobs: &[Job], now: &str) -> Result<()> {
    let mut statement = tx.prepare_cached(ACK)?;
    for job in jobs {
        let changed = statement.execute(named_params! {
            ":id": job.id,
            ":attempt": job.attempt,
            ":attempted_at": job.attempted_at,
            ":now": now,
        })?;
        anyhow::ensure!(changed == 1, "job {} was not finished", job.id);
    }
    Ok(())
}

fn fetch(tx: &Transaction<'_>, limit: usize, now: &str) -> Result<Vec<Job>> {
    let mut statement = tx.prepare_cached(FETCH)?;
    let mut rows = statement.query(named_params! {
        ":queue": QUEUE,
        ":demand": i64::try_from(limit)?,
        ":attempted_by": r#"["raw","raw"]"#,
        ":now": now,
        ":after_priority": i64::from(i32::MIN),
        ":after_scheduled_at": "",
        ":after_id": 0,
    })?;
    let mut jobs = Vec::with_capacity(limit);
    while let Some(row) = rows.next()? {
        jobs.push(decode(row)?);
    }
    Ok(jobs)
}

fn decode(row: &Row<'_>) -> Result<Job> {
    let json = |column| anyhow::Ok(serde_json::from_str(row.get_ref(column)?.as_str()?)?);
    Ok(Job {
        id: row.get("id")?,
        attempt: row.get("attempt")?,
        attempted_at: row.get("attempted_at")?,
        _worker: row.get("worker")?,
        _args: json("args")?,
        _meta: json("meta")?,
    })
}
