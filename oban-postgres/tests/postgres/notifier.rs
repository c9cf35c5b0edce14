//! Hints over LISTEN and NOTIFY, through whatever happens to the connection.

use std::time::Duration;

use oban_core::{Channel, Engine, NewJob, Notice, Notifier, Result, Subscription};
use oban_postgres::Postgres;
use serde_json::json;
use tokio::{task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{migrations::run, proxy::Proxy, support::Database};

/// A notifier that runs, and one who listens to it.
struct Ears {
    subscription: Subscription,
    shutdown: CancellationToken,
    relay: JoinSet<Result<()>>,
}

impl Ears {
    /// Returns when it listens.
    async fn new(postgres: &Postgres) -> Self {
        let mut ears = Self::deaf(postgres);
        ears.missed().await;
        ears
    }

    /// Returns at once.
    fn deaf(postgres: &Postgres) -> Self {
        let subscription = postgres.listen(&[Channel::Insert]);
        let (postgres, shutdown) = (postgres.clone(), CancellationToken::new());
        let mut relay = JoinSet::new();
        let token = shutdown.clone();
        relay.spawn(async move { postgres.run(token).await });
        Self { subscription, shutdown, relay }
    }

    async fn next(&mut self) -> Notice {
        let next = timeout(Duration::from_secs(40), self.subscription.next());
        next.await.expect("a notice comes").expect("the notifier is there")
    }

    async fn queue(&mut self) -> String {
        let notice = self.next().await;
        notice.text("queue").unwrap_or_else(|| panic!("no queue in {notice:?}")).to_owned()
    }

    async fn missed(&mut self) {
        assert_eq!(self.next().await, Notice::Missed);
    }

    async fn stop(mut self) {
        self.shutdown.cancel();
        let ended = timeout(Duration::from_secs(2), self.relay.join_next());
        ended.await.expect("it stops at once").unwrap().unwrap().unwrap();
    }
}

async fn say(postgres: &Postgres, queue: &str) {
    postgres.notify(Channel::Insert, &[json!({ "queue": queue })]).await.unwrap();
}

#[tokio::test]
async fn hears_of_commits_and_not_of_rollbacks() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let postgres = Postgres::new(pool.clone());
    let mut ears = Ears::new(&postgres).await;
    for (queue, outcome) in [("undone", "ROLLBACK"), ("done", "COMMIT")] {
        let mut conn = pool.acquire().await.unwrap();
        let announce =
            format!("BEGIN; SELECT pg_notify('public.oban_insert', '{{\"queue\":\"{queue}\"}}'); {outcome}");
        crate::support::execute(&mut conn, &announce).await;
    }
    assert_eq!(ears.queue().await, "done");
    ears.stop().await;
}

#[tokio::test]
async fn announces_in_the_bytes_that_other_nodes_know() {
    let database = Database::migrated().await;
    let mut listener = sqlx::postgres::PgListener::connect_with(&database.pool()).await.unwrap();
    listener.listen("public.oban_insert").await.unwrap();
    let postgres = Postgres::new(database.pool());
    postgres.insert_jobs(None, vec![NewJob::new("Greet", json!({})).queue("a \"b\"")]).await.unwrap();
    assert_eq!(listener.recv().await.unwrap().payload(), r#"{"queue":"a \"b\""}"#);
}

#[tokio::test]
async fn what_cannot_be_understood_is_dropped() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let postgres = Postgres::new(pool.clone());
    let mut ears = Ears::new(&postgres).await;
    run(
        &pool,
        "SELECT pg_notify('public.oban_insert', payload) FROM unnest(ARRAY['', 'word', '[1]', '7', '{\"queue\":',
             'Z:H4sI', 'H4sIAPeJBGsC']) AS payload;
         SELECT pg_notify('public.oban_insert', '{\"queue\":\"fine\",\"extra\":[1]}')",
    )
    .await;
    assert_eq!(ears.queue().await, "fine");
    let letters: String = (0..20_000_u32).map(|n| char::from_u32(0x4e00 + n * n % 20_011).unwrap()).collect();
    let error = postgres.notify(Channel::Insert, &[json!({ "queue": letters })]).await.unwrap_err();
    assert!(error.to_string().contains("7999") && error.to_string().contains("insert"), "{error}");
    ears.stop().await;
}

#[tokio::test]
async fn what_is_too_long_or_written_by_others_arrives() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let postgres = Postgres::new(pool.clone());
    let mut ears = Ears::new(&postgres).await;
    say(&postgres, &"x".repeat(20_000)).await;
    assert_eq!(ears.queue().await, "x".repeat(20_000));
    // As nodes of Python and old ones of Elixir write it.
    const PACKED: &str =
        "H4sIAPeJBGsC/6tWSkwuyczPU7JSKkgsLU5V0lEqLE0tTQXyE3MKMhKB/MyU1LwSED+vUqkWAJqnCjwwAAAA";
    run(&pool, &format!("SELECT pg_notify('public.oban_insert', '{PACKED}')")).await;
    assert_eq!(ears.queue().await, "alpha");
    ears.stop().await;
}

#[tokio::test]
async fn a_killed_connection_is_replaced_and_the_gap_is_told() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let postgres = Postgres::new(pool.clone());
    let mut ears = Ears::new(&postgres).await;
    for round in 0..3 {
        run(
            &pool,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE application_name = 'oban listener' AND datname = current_database()",
        )
        .await;
        ears.missed().await;
        say(&postgres, &format!("round {round}")).await;
        assert_eq!(ears.queue().await, format!("round {round}"));
    }
    ears.stop().await;
}

#[tokio::test]
async fn a_connection_that_went_silent_is_replaced() {
    let database = Database::migrated().await;
    let proxy = Proxy::start(&database).await;
    let postgres = proxy.postgres(&database);
    let mut ears = Ears::new(&postgres).await;
    say(&postgres, "before").await;
    assert_eq!(ears.queue().await, "before");
    proxy.freeze();
    ears.missed().await;
    say(&Postgres::new(database.pool()), "after").await;
    assert_eq!(ears.queue().await, "after");
    ears.stop().await;
}

#[tokio::test]
async fn of_several_runs_one_listens_and_another_takes_over() {
    let database = Database::migrated().await;
    let postgres = Postgres::new(database.pool());
    let first = Ears::new(&postgres).await;
    let mut second = Ears::deaf(&postgres);
    say(&postgres, "once").await;
    say(&postgres, "then").await;
    assert_eq!((second.queue().await, second.queue().await), ("once".to_owned(), "then".to_owned()));
    first.stop().await;
    second.missed().await;
    say(&postgres, "again").await;
    assert_eq!(second.queue().await, "again");
    second.stop().await;
}

#[tokio::test]
async fn without_a_server_it_waits_and_can_be_stopped() {
    let database = Database::migrated().await;
    let proxy = Proxy::start(&database).await;
    proxy.refuse(true);
    let postgres = proxy.postgres(&database);
    let mut ears = Ears::deaf(&postgres);
    let error = postgres.notify(Channel::Insert, &[json!({})]).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    proxy.refuse(false);
    ears.missed().await;
    say(&postgres, "up").await;
    assert_eq!(ears.queue().await, "up");
    proxy.refuse(true);
    proxy.cut();
    let deaf = Ears::deaf(&proxy.postgres(&database));
    ears.stop().await;
    deaf.stop().await;
}
