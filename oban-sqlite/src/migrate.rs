//! The tables and their version.

use std::cmp::Ordering;

use async_trait::async_trait;
use oban_core::{Error, ErrorKind, Migrate, Result};
use rusqlite::{Connection, Transaction, TransactionBehavior, named_params};

use crate::{Sqlite, error::from_sqlite, sql};

/// One step up and the way back for each version, from 1.
const STEPS: [(&str, &str); 4] = [
    (sql::V1_UP, sql::V1_DOWN),
    (sql::V2_UP, sql::V2_DOWN),
    (sql::V3_UP, sql::V3_DOWN),
    (sql::V4_UP, sql::V4_DOWN),
];
const LATEST: u32 = 4;
const _: () = assert!(STEPS.len() == LATEST as usize);

/// Brings the tables up to date; refuses those of a newer version.
pub(crate) fn on_open(conn: &Connection) -> Result<()> {
    let version = || {
        let found = version(conn)?;
        if found >= LATEST {
            return Ok(found);
        }
        up(conn, LATEST)?;
        // Another process may have been faster, and newer.
        self::version(conn)
    };
    check(version().map_err(|error| from_sqlite("migrate", error))?)
}

/// Whether this version of the crate can work with tables of version `found`.
pub(crate) fn check(found: u32) -> Result<()> {
    let cure = match found.cmp(&LATEST) {
        Ordering::Equal => return Ok(()),
        Ordering::Less => "the jobs table is missing or too old; run migrate_up, or open the file anew",
        Ordering::Greater => "the tables were made by a newer version of oban; update this application",
    };
    Err(Error::new(ErrorKind::Unmigrated, "verify", cure)
        .with_context("found", found)
        .with_context("wanted", LATEST))
}

pub(crate) fn version(conn: &Connection) -> rusqlite::Result<u32> {
    if !conn.query_row(sql::VERSION_TABLE, [], |row| row.get(0))? {
        return Ok(0);
    }
    // A restored dump may have lost the row.
    match conn.query_row(sql::VERSION, [], |row| row.get(0)) {
        Err(rusqlite::Error::QueryReturnedNoRows) => Ok(0),
        result => result,
    }
}

fn up(conn: &Connection, target: u32) -> rusqlite::Result<()> {
    let tx = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
    climb(&tx, target)?;
    tx.commit()
}

fn climb(conn: &Connection, target: u32) -> rusqlite::Result<()> {
    let present = version(conn)?;
    for (version, (up, _)) in (1..=target).zip(STEPS).filter(|(version, _)| *version > present) {
        // The one step that its own statements cannot make repeatable.
        if version == 4 && !conn.query_row(sql::V4_HAS_COLUMN, [], |row| row.get(0))? {
            conn.execute_batch(sql::V4_COLUMN)?;
        }
        conn.execute_batch(up)?;
        conn.execute(sql::VERSION_SET, named_params! { ":version": version })?;
    }
    Ok(())
}

fn descend(conn: &Connection, target: u32) -> rusqlite::Result<()> {
    let present = version(conn)?;
    let steps: Vec<_> = (1..=present).zip(STEPS).filter(|(version, _)| *version > target).collect();
    for (version, (_, down)) in steps.into_iter().rev() {
        conn.execute_batch(down)?;
        // The first step's way back drops the table of the version as well.
        if version > 1 {
            conn.execute(sql::VERSION_SET, named_params! { ":version": version - 1 })?;
        }
    }
    Ok(())
}

fn known(version: u32) -> Result<()> {
    if version <= LATEST {
        return Ok(());
    }
    Err(Error::invalid(
        "migrate",
        format!("version {version} is unknown; this version of oban knows 0 to {LATEST}"),
    ))
}

#[async_trait]
impl Migrate for Sqlite {
    fn latest_version(&self) -> u32 {
        LATEST
    }

    async fn version(&self) -> Result<u32> {
        self.read("version", version).await
    }

    async fn migrate_up(&self, version: u32) -> Result<()> {
        known(version)?;
        self.write("migrate_up", move |write| climb(write.conn(), version)).await
    }

    async fn migrate_down(&self, version: u32) -> Result<()> {
        known(version)?;
        self.write("migrate_down", move |write| descend(write.conn(), version)).await
    }
}
