//! Fetching beside transactions that hold jobs.

use oban_core::{Engine, Fetch, Job, JobId, NewJob, QueueMeta};
use oban_postgres::Postgres;
use serde_json::json;
use sqlx::{Connection, PgConnection};

use crate::support::{Database, execute, register};

/// One job, from behind another.
async fn next(postgres: &Postgres, queue: &QueueMeta, after: &Job) -> Option<JobId> {
    let fetch = Fetch { queue, demand: 1, after: Some(after.position()), acks: &[] };
    postgres.fetch_jobs(fetch).await.unwrap().jobs.first().map(|job| job.id)
}

async fn lock(conn: &mut PgConnection, job: &Job) {
    execute(conn, &format!("BEGIN; SELECT 1 FROM oban_jobs WHERE id = {} FOR UPDATE", job.id.0)).await;
}

#[tokio::test]
async fn behind_a_position_passes_over_only_what_is_held() {
    let database = Database::migrated().await;
    let postgres = Postgres::new(database.pool());
    let new = (0..6).map(|_| NewJob::new("Greet", json!({}))).collect();
    let jobs: Vec<Job> =
        postgres.insert_jobs(None, new).await.unwrap().into_iter().map(|inserted| inserted.job).collect();
    let queue = register(&postgres, "web.1").await;
    let mut others = Vec::new();
    for job in &jobs[1..4] {
        let mut other = PgConnection::connect_with(&database.options()).await.unwrap();
        lock(&mut other, job).await;
        others.push(other);
    }
    assert_eq!(next(&postgres, &queue, &jobs[0]).await, Some(jobs[4].id), "the first that nobody holds");

    // Each leaves its number on the row, which says nothing once the transaction is over.
    for (other, end) in others.iter_mut().zip(["ROLLBACK", "COMMIT"]) {
        execute(other, end).await;
    }
    assert_eq!(next(&postgres, &queue, &jobs[0]).await, Some(jobs[1].id));
    assert_eq!(next(&postgres, &queue, &jobs[0]).await, Some(jobs[2].id));
    assert_eq!(next(&postgres, &queue, &jobs[0]).await, Some(jobs[5].id), "one is still held");
    assert_eq!(next(&postgres, &queue, &jobs[0]).await, None);
    execute(&mut others[2], "ROLLBACK").await;
    assert_eq!(next(&postgres, &queue, &jobs[0]).await, Some(jobs[3].id));
}

/// Several that have locked a row together leave a number of another kind.
#[tokio::test]
async fn from_the_start_takes_what_several_have_held() {
    let database = Database::migrated().await;
    let postgres = Postgres::new(database.pool());
    let inserted = postgres.insert_jobs(None, vec![NewJob::new("Greet", json!({}))]).await.unwrap();
    let share = format!("BEGIN; SELECT 1 FROM oban_jobs WHERE id = {} FOR SHARE", inserted[0].id.0);
    let mut one = PgConnection::connect_with(&database.options()).await.unwrap();
    let mut other = PgConnection::connect_with(&database.options()).await.unwrap();
    execute(&mut one, &share).await;
    execute(&mut other, &share).await;
    let queue = register(&postgres, "web.1").await;
    let fetch = Fetch { queue: &queue, demand: 1, after: None, acks: &[] };
    assert!(postgres.fetch_jobs(fetch).await.unwrap().jobs.is_empty(), "both hold it");
    execute(&mut one, "COMMIT").await;
    assert!(postgres.fetch_jobs(fetch).await.unwrap().jobs.is_empty(), "one holds it");
    execute(&mut other, "COMMIT").await;
    assert_eq!(postgres.fetch_jobs(fetch).await.unwrap().jobs[0].id, inserted[0].id);
}
