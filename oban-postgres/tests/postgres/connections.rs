//! What statements cost in round trips, and what becomes of the engine's own connections.

use std::{slice, sync::Arc, time::Duration};

use oban_core::{
    Ack, Channel, Engine, Fetch, Finish, Inspect, Job, JobFilter, JobState, Lease, NewJob, Notifier, Peer,
    Rescue, Stage,
};
use oban_postgres::Postgres;
use serde_json::json;
use sqlx::{Connection, PgConnection, postgres::PgPoolOptions};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::{
    migrations::run,
    proxy::Proxy,
    support::{Database, execute, register},
};

async fn insert(postgres: &Postgres, count: usize) {
    let jobs = vec![NewJob::new("Greet", json!({})); count];
    postgres.insert_jobs(None, jobs).await.unwrap();
}

fn completed(jobs: &[Arc<Job>]) -> Vec<Ack> {
    jobs.iter().map(|job| Ack::of(job, Finish::Complete { recorded: None })).collect()
}

#[tokio::test]
async fn a_statement_is_one_round_trip() {
    let database = Database::migrated().await;
    let proxy = Proxy::start(&database).await;
    let postgres = proxy.postgres(&database);
    let producer = register(&postgres, "web.1").await;
    insert(&Postgres::new(database.pool()), 40).await;
    let queues = ["default".to_owned()];
    let lease = Lease {
        name: "Oban".into(),
        node: "web.1".into(),
        uuid: Uuid::new_v4(),
        ttl: Duration::from_secs(30),
    };
    let rescue =
        Rescue { stale_after: Duration::from_secs(60), rescue_after: Duration::from_secs(60), limit: 10 };
    // The first round prepares the statements.
    for warm in [false, true] {
        let mut costs = Vec::new();
        let mut before = proxy.answers();
        let mut cost = || {
            let spent = proxy.answers() - before;
            before += spent;
            costs.push(spent);
        };
        let fetch = Fetch { queue: &producer, demand: 3, after: None, acks: &[] };
        let jobs = postgres.fetch_jobs(fetch).await.unwrap().jobs;
        cost();
        assert_eq!(postgres.ack_jobs(&completed(&jobs)).await.unwrap().len(), 3);
        cost();
        postgres.stage_jobs(Stage { limit: 10, queues: &queues }).await.unwrap();
        cost();
        postgres.rescue_jobs(rescue).await.unwrap();
        cost();
        postgres.refresh_queues(slice::from_ref(&producer)).await.unwrap();
        cost();
        postgres.campaign(&lease).await.unwrap();
        cost();
        postgres.notify(Channel::Insert, &[json!({"queue": "a"}), json!({"queue": "b"})]).await.unwrap();
        cost();
        if warm {
            assert_eq!(costs, [1; 7]);
        }
    }
    let jobs = postgres
        .fetch_jobs(Fetch { queue: &producer, demand: 3, after: None, acks: &[] })
        .await
        .unwrap()
        .jobs;
    let before = proxy.answers();
    postgres
        .fetch_jobs(Fetch { queue: &producer, demand: 3, after: None, acks: &completed(&jobs) })
        .await
        .unwrap();
    assert_eq!(proxy.answers() - before, 2, "defined once; acks and fetches");
    let jobs = postgres
        .fetch_jobs(Fetch { queue: &producer, demand: 3, after: None, acks: &[] })
        .await
        .unwrap()
        .jobs;
    let before = proxy.answers();
    postgres
        .fetch_jobs(Fetch { queue: &producer, demand: 3, after: None, acks: &completed(&jobs) })
        .await
        .unwrap();
    assert_eq!(proxy.answers() - before, 1, "acks and fetches");
}

#[tokio::test]
async fn a_role_without_temporary_objects_acks_and_fetches() {
    let database = Database::migrated().await;
    let mut admin = PgConnection::connect_with(&database.options()).await.unwrap();
    let role = database.options().get_database().unwrap().to_owned();
    execute(
        &mut admin,
        &format!(
            "CREATE ROLE \"{role}\" LOGIN; REVOKE TEMPORARY ON DATABASE \"{role}\" FROM PUBLIC; \
             GRANT ALL ON ALL TABLES IN SCHEMA public TO \"{role}\""
        ),
    )
    .await;
    let pool = PgPoolOptions::new().connect_lazy_with(database.options().username(&role));
    let postgres = Postgres::new(pool.clone());
    let producer = register(&postgres, "web.1").await;
    insert(&Postgres::new(database.pool()), 4).await;
    let first = postgres
        .fetch_jobs(Fetch { queue: &producer, demand: 3, after: None, acks: &[] })
        .await
        .unwrap()
        .jobs;
    let acks = completed(&first);
    let second =
        postgres.fetch_jobs(Fetch { queue: &producer, demand: 3, after: None, acks: &acks }).await.unwrap();
    assert_eq!((second.acked.len(), second.jobs.len()), (3, 1));
    drop(postgres);
    pool.close().await;
    execute(&mut admin, &format!("DROP OWNED BY \"{role}\"; DROP ROLE \"{role}\"")).await;
}

#[tokio::test]
async fn killed_connections_fail_once_and_are_replaced() {
    let database = Database::migrated().await;
    let postgres = Postgres::new(database.pool());
    let producer = register(&postgres, "web.1").await;
    let fetch = Fetch { queue: &producer, demand: 1, after: None, acks: &[] };
    // Several connections in store.
    let (a, b, c) =
        tokio::join!(postgres.fetch_jobs(fetch), postgres.fetch_jobs(fetch), postgres.fetch_jobs(fetch));
    for result in [a, b, c] {
        result.unwrap();
    }
    run(
        &database.pool(),
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
         WHERE application_name = 'oban' AND datname = current_database()",
    )
    .await;
    let error = postgres.fetch_jobs(fetch).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    postgres.fetch_jobs(fetch).await.unwrap();
}

#[tokio::test]
async fn a_silent_connection_is_given_up() {
    let database = Database::migrated().await;
    let proxy = Proxy::start(&database).await;
    let postgres = proxy.postgres(&database);
    let producer = register(&postgres, "web.1").await;
    proxy.freeze();
    let fetch = Fetch { queue: &producer, demand: 1, after: None, acks: &[] };
    let frozen = timeout(Duration::from_secs(45), postgres.fetch_jobs(fetch)).await.expect("it gives up");
    assert!(frozen.unwrap_err().is_transient());
    postgres.fetch_jobs(fetch).await.unwrap();
}

#[tokio::test]
async fn a_dropped_call_counts_as_a_whole_or_not_at_all() {
    let database = Database::migrated().await;
    let postgres = Postgres::new(database.pool());
    let producer = register(&postgres, "web.1").await;
    insert(&postgres, 2).await;
    let jobs = postgres
        .fetch_jobs(Fetch { queue: &producer, demand: 1, after: None, acks: &[] })
        .await
        .unwrap()
        .jobs;
    let mut other = PgConnection::connect_with(&database.options()).await.unwrap();
    let mut tx = other.begin().await.unwrap();
    execute(&mut tx, "SELECT id FROM oban_jobs WHERE state = 'executing' FOR UPDATE").await;
    let acks = completed(&jobs);
    let both = postgres.fetch_jobs(Fetch { queue: &producer, demand: 1, after: None, acks: &acks });
    timeout(Duration::from_millis(200), both).await.expect_err("the ack waits for the row");
    tx.commit().await.unwrap();
    let closed = async {
        while sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE application_name = 'oban' \
             AND datname = current_database() AND state <> 'idle')",
        )
        .fetch_one(&database.pool())
        .await
        .unwrap()
        {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(20), closed).await.expect("the connection is closed");
    let states: Vec<JobState> =
        postgres.list_jobs(&JobFilter::all()).await.unwrap().iter().map(|job| job.state).collect();
    let (undone, done) =
        ([JobState::Executing, JobState::Available], [JobState::Completed, JobState::Executing]);
    assert!(states == undone || states == done, "{states:?}");
    let taken = postgres.ack_jobs(&acks).await.unwrap().len();
    assert_eq!(taken, usize::from(states == undone), "an outcome counts once");
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_do_not_deadlock() {
    let database = Database::migrated().await;
    let producing = Postgres::new(database.pool());
    insert(&producing, 6_000).await;
    let drain = async |tag: usize| {
        let postgres = Postgres::new(database.pool());
        let producer = register(&postgres, "web.1").await;
        let mut acks = Vec::new();
        loop {
            let fetch = Fetch { queue: &producer, demand: 40 + tag, after: None, acks: &acks };
            let fetched = postgres.fetch_jobs(fetch).await.unwrap();
            if fetched.jobs.is_empty() && acks.is_empty() {
                return;
            }
            acks = completed(&fetched.jobs);
        }
    };
    let meddle = async {
        for id in (0..6_000).step_by(60) {
            let limit = 100;
            let (stale_after, rescue_after) = (Duration::from_secs(60), Duration::ZERO);
            producing.rescue_jobs(Rescue { stale_after, rescue_after, limit }).await.unwrap();
            producing.cancel_jobs(&JobFilter::ids((id..id + 30).rev())).await.unwrap();
            producing.retry_jobs(&JobFilter::all().state(JobState::Cancelled).limit(20)).await.unwrap();
            producing.stage_jobs(Stage { limit, queues: &[] }).await.unwrap();
        }
    };
    tokio::join!(drain(0), drain(1), drain(2), drain(3), meddle);
    let counts = producing.count_jobs(&JobFilter::all()).await.unwrap();
    assert!(counts.iter().all(|count| count.state != JobState::Executing), "{counts:?}");
}

#[tokio::test]
async fn works_without_prepared_statements() {
    let database = Database::migrated().await;
    let options = database.options().statement_cache_capacity(0);
    let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
    let postgres = Postgres::new(pool.clone()).prepare(false);
    let producer = register(&postgres, "web.1").await;
    insert(&postgres, 3).await;
    let jobs = postgres
        .fetch_jobs(Fetch { queue: &producer, demand: 3, after: None, acks: &[] })
        .await
        .unwrap()
        .jobs;
    assert_eq!(postgres.ack_jobs(&completed(&jobs)).await.unwrap().len(), 3);
    let named: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_prepared_statements WHERE name <> ''")
        .persistent(false)
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(named, 0);
}
