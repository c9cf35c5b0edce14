//! Postgres on one connection.

use anyhow::Result;
use async_trait::async_trait;
use harness::{Node, System};
use oban::postgres::Postgres;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use tokio::sync::Mutex;

use super::{
    IS_DONE, MAX_ATTEMPTS, args, postgres_node,
    postgres_sql::{CHANNEL, COPY, INSERT, INSERT_BULK, query},
};
use crate::{QUEUE, WORKER};

/// Many jobs by one statement.
pub(crate) async fn postgres(url: String) -> Result<Box<dyn System>> {
    open(url, Bulk::Unnest).await
}

/// Many jobs by COPY.
pub(crate) async fn postgres_copy(url: String) -> Result<Box<dyn System>> {
    open(url, Bulk::Copy).await
}

async fn open(url: String, bulk: Bulk) -> Result<Box<dyn System>> {
    let conn = Mutex::new(PgConnection::connect(&url).await?);
    Ok(Box::new(Raw { url, conn, bulk }))
}

struct Raw {
    url: String,
    /// For inserting, and for questions.
    conn: Mutex<PgConnection>,
    bulk: Bulk,
}

enum Bulk {
    Unnest,
    Copy,
}

#[async_trait]
impl System for Raw {
    async fn migrate(&self) -> Result<()> {
        Ok(Postgres::connect(&self.url).await?.migrate().await?)
    }

    async fn insert(&self) -> Result<()> {
        insert(&mut *self.conn.lock().await).await
    }

    async fn insert_tx(&self) -> Option<Result<()>> {
        Some(insert_in_transaction(&mut *self.conn.lock().await).await)
    }

    async fn insert_bulk(&self, count: usize) -> Result<()> {
        let mut conn = self.conn.lock().await;
        match self.bulk {
            Bulk::Unnest => unnest(&mut conn, count).await,
            Bulk::Copy => copy(&mut conn, count).await,
        }
    }

    async fn start(&self, limit: usize) -> Result<Box<dyn Node>> {
        postgres_node::start(&self.url, limit).await
    }

    async fn is_done(&self) -> Result<bool> {
        Ok(sqlx::query_scalar(AssertSqlSafe(IS_DONE)).fetch_one(&mut *self.conn.lock().await).await?)
    }
}

/// One job and its notification, as `oban` stores it.
async fn insert(conn: &mut PgConnection) -> Result<()> {
    let row = query(&INSERT)
        .bind(None::<chrono::NaiveDateTime>)
        .bind(CHANNEL)
        .bind(vec![json!({"queue": QUEUE}).to_string()])
        .bind([QUEUE].as_slice())
        .bind([WORKER].as_slice())
        .bind(vec![json!({"number": 0})])
        .bind(vec![json!({})])
        .bind(["{}"].as_slice())
        .bind([MAX_ATTEMPTS].as_slice())
        .bind([0].as_slice())
        .bind([None::<chrono::NaiveDateTime>].as_slice())
        .bind([None::<i64>].as_slice())
        .fetch_one(conn)
        .await?;
    row.try_get::<Vec<i64>, _>("ids")?;
    Ok(())
}

async fn insert_in_transaction(conn: &mut PgConnection) -> Result<()> {
    let mut tx = conn.begin().await?;
    insert(&mut tx).await?;
    Ok(tx.commit().await?)
}

async fn unnest(conn: &mut PgConnection, count: usize) -> Result<()> {
    let rows = query(&INSERT_BULK)
        .bind(vec![QUEUE; count])
        .bind(vec![WORKER; count])
        .bind((0..count).map(|number| json!({"number": number})).collect::<Vec<Value>>())
        .bind(vec![MAX_ATTEMPTS; count])
        .fetch_all(conn)
        .await?;
    for row in &rows {
        row.try_get::<i64, _>("id")?;
    }
    Ok(())
}

async fn copy(conn: &mut PgConnection, count: usize) -> Result<()> {
    let mut rows = String::new();
    for number in 0..count {
        rows.push_str(&format!("available\t{QUEUE}\t{WORKER}\t{}\t{MAX_ATTEMPTS}\n", args(number)));
    }
    let mut sink = conn.copy_in_raw(&COPY).await?;
    sink.send(rows.as_bytes()).await?;
    sink.finish().await?;
    Ok(())
}
