//! Rows of other writers: all of them can be read, and run.

use std::time::Duration;

use chrono::{DateTime, Utc};
use oban_core::{Ack, Engine, Fetch, Finish, Inspect, Job, JobFilter, JobState};
use oban_postgres::Postgres;
use serde_json::{Value, json};

use crate::{
    migrations::run,
    support::{Database, register},
};

/// As a node of Oban for Elixir 2.23 left them, one a line.
const ELIXIR: &str = include_str!("../fixtures/elixir-rows.jsonl");

#[tokio::test]
async fn reads_what_elixir_wrote() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let rows: Vec<Value> = ELIXIR.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for row in &rows {
        sqlx::query(
            "INSERT INTO oban_jobs SELECT (jsonb_populate_record(NULL::oban_jobs, \
             $1 || jsonb_build_object('errors', '{}'::text))).*",
        )
        .bind(row)
        .execute(&pool)
        .await
        .unwrap();
        sqlx::query(
            "UPDATE oban_jobs SET errors = ARRAY(SELECT jsonb_array_elements($1 -> 'errors')) WHERE id = $2",
        )
        .bind(row)
        .bind(row["id"].as_i64())
        .execute(&pool)
        .await
        .unwrap();
    }
    let jobs = Postgres::new(pool).list_jobs(&JobFilter::all()).await.unwrap();
    assert_eq!(jobs.len(), 50);
    for (job, row) in jobs.iter().zip(&rows) {
        assert_same(job, row);
    }
}

fn assert_same(job: &Job, row: &Value) {
    assert_eq!(json!(job.id), row["id"]);
    for (field, value) in [
        ("state", json!(job.state)),
        ("queue", json!(job.queue)),
        ("worker", json!(job.worker)),
        ("args", job.args.clone()),
        ("meta", json!(job.meta)),
        ("tags", json!(job.tags)),
        ("attempt", json!(job.attempt)),
        ("max_attempts", json!(job.max_attempts)),
        ("priority", json!(job.priority)),
    ] {
        assert_eq!(value, row[field], "{field} of {}", job.id);
    }
    assert_eq!(
        json!(job.attempted_by),
        if row["attempted_by"].is_null() { json!([]) } else { row["attempted_by"].clone() }
    );
    let times = [
        ("inserted_at", Some(job.inserted_at)),
        ("scheduled_at", Some(job.scheduled_at)),
        ("attempted_at", job.attempted_at),
        ("completed_at", job.completed_at),
        ("cancelled_at", job.cancelled_at),
        ("discarded_at", job.discarded_at),
    ];
    for (field, time) in times {
        let expected = row[field].as_str().map(|text| format!("{text}Z").parse::<DateTime<Utc>>().unwrap());
        assert_eq!(time, expected, "{field} of {}", job.id);
    }
    let errors = row["errors"].as_array().unwrap();
    assert_eq!(job.errors.len(), errors.len());
    for (error, expected) in job.errors.iter().zip(errors) {
        assert_eq!(json!(error.error), expected["error"]);
        assert_eq!(json!(error.attempt), expected["attempt"]);
        assert_eq!(error.at, Some(expected["at"].as_str().unwrap().parse().unwrap()));
    }
}

/// Rows that no Rust type of ours can hold, among ordinary ones.
const STRANGE: &str = r#"
    INSERT INTO oban_jobs (worker, args, meta, tags, attempted_by, errors, scheduled_at, priority) VALUES
        ('Ordinary', '{}', '{}', '{}', NULL, '{}', now(), 0),
        ('Nulls', '{}', NULL, NULL, NULL, ARRAY[NULL, '{}', '{"error": 5}', '"boom"']::jsonb[], now(), 99),
        ('NullsInside', '[1, 2]', '[]', ARRAY[NULL, 'a'], ARRAY[NULL, 'x'], '{}', '-infinity', 0),
        ('Huge', '{"n": 1e400}', '{"snoozed": "often"}', '{}', NULL, '{}', '0044-03-15 BC', 0),
        ('Deep', (repeat('[', 300) || repeat(']', 300))::jsonb, '{}', '{}', NULL, '{}', now(), 0),
        ('Ordinary', 'null', '7', '{}', NULL, '{}', now(), 0)"#;

#[tokio::test]
async fn fetches_and_finishes_strange_rows_with_their_batch() {
    let database = Database::migrated().await;
    run(&database.pool(), STRANGE).await;
    let postgres = Postgres::new(database.pool());
    let producer = register(&postgres, "web.1").await;
    let jobs = postgres
        .fetch_jobs(Fetch { queue: &producer, demand: 10, after: None, acks: &[] })
        .await
        .unwrap()
        .jobs;
    assert_eq!(jobs.len(), 6);
    let by_worker = |name: &str| jobs.iter().find(|job| job.worker == name).unwrap();
    let nulls = by_worker("Nulls");
    assert!(nulls.tags.is_empty() && nulls.meta.is_empty());
    assert_eq!(nulls.errors.iter().map(|error| error.error.as_str()).collect::<Vec<_>>(), ["", "5", "boom"]);
    assert_eq!(by_worker("NullsInside").tags, ["a"]);
    assert!(by_worker("Huge").args.as_str().unwrap().contains("000"), "what Rust cannot hold comes as text");
    assert!(by_worker("Deep").args.as_str().unwrap().starts_with("[["));

    let snooze = Finish::snooze(Duration::from_secs(1));
    let acks: Vec<Ack> = jobs.iter().map(|job| Ack::of(job, snooze.clone())).collect();
    assert_eq!(postgres.ack_jobs(&acks).await.unwrap().len(), 6);
    for job in postgres.list_jobs(&JobFilter::all()).await.unwrap() {
        assert_eq!((job.state, job.meta.get("snoozed")), (JobState::Scheduled, Some(&json!(1))), "{job:?}");
    }
}

#[tokio::test]
async fn times_beyond_the_calendar_come_as_its_ends() {
    let database = Database::migrated().await;
    let pool = database.pool();
    run(
        &pool,
        "INSERT INTO oban_jobs (worker, scheduled_at, attempted_at) VALUES ('A', 'infinity', '-infinity'),
         ('B', '294276-12-31', '4713-01-01 BC')",
    )
    .await;
    let jobs = Postgres::new(pool).list_jobs(&JobFilter::all()).await.unwrap();
    assert_eq!(jobs.len(), 2);
    for job in &jobs {
        assert_eq!(job.scheduled_at, DateTime::<Utc>::MAX_UTC);
    }
    assert_eq!(jobs[0].attempted_at, Some(DateTime::<Utc>::MIN_UTC));
}

#[tokio::test]
async fn ids_rise_in_the_order_given_beside_other_writers() {
    let database = Database::migrated().await;
    let nodes = [Postgres::new(database.pool()), Postgres::new(database.pool())];
    let jobs = |node: usize| -> Vec<_> {
        (0..5_000)
            .map(|at| oban_core::NewJob::new(format!("{node}:{at}"), json!({})).priority(at % 10))
            .collect()
    };
    let (first, second) =
        tokio::join!(nodes[0].insert_jobs(None, jobs(0)), nodes[1].insert_jobs(None, jobs(1)));
    for (node, inserted) in [first.unwrap(), second.unwrap()].into_iter().enumerate() {
        assert!(inserted.is_sorted_by(|one, next| one.id < next.id));
        let workers: Vec<String> = inserted.iter().map(|job| job.worker.clone()).collect();
        assert_eq!(workers, (0..5_000).map(|at| format!("{node}:{at}")).collect::<Vec<_>>());
    }
}
