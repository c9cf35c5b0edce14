//! Unique jobs beside each other's transactions.

use std::{collections::BTreeSet, future::Future, time::Duration};

use oban_core::{Engine, ErrorKind, Inserted, JobState, NewJob, Oban, Replace, ReplaceField, Unique};
use oban_postgres::{InsertTx, Postgres};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool, Row, types::Json};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    migrations::run,
    sql::statements,
    support::{Database, execute},
};

fn job(n: usize) -> NewJob {
    NewJob::new("Greet", json!({ "n": n })).unique(Unique::forever())
}

async fn start(pool: PgPool) -> Oban {
    Oban::builder(Postgres::new(pool)).start().await.unwrap()
}

/// An insert in the background.
struct Inserting(JoinSet<Vec<Inserted>>);

impl Inserting {
    fn begin(oban: &Oban, jobs: Vec<NewJob>) -> Self {
        let (oban, mut task) = (oban.clone(), JoinSet::new());
        task.spawn(async move { oban.insert_all(jobs).await.unwrap() });
        Self(task)
    }

    async fn end(mut self) -> Vec<Inserted> {
        soon(self.0.join_next()).await.unwrap().unwrap()
    }
}

/// Until so many connections wait for a lock.
async fn waiting(pool: &PgPool, count: i64) {
    let wait = async {
        loop {
            let waiting: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event_type = 'Lock'",
            )
            .fetch_one(pool)
            .await
            .unwrap();
            if waiting == count {
                return;
            }
            sleep(Duration::from_millis(5)).await;
        }
    };
    soon(wait).await;
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(20), future).await.expect("it happens soon")
}

async fn count(pool: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM oban_jobs").fetch_one(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_second_waits_for_the_first_to_commit() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let oban = start(pool.clone()).await;
    for many in [1, 150] {
        let jobs = || (many..2 * many).map(job).collect::<Vec<_>>();
        let mut tx = pool.begin().await.unwrap();
        let first = oban.insert_all_tx(&mut tx, jobs()).await.unwrap();
        let second = Inserting::begin(&oban, jobs());
        waiting(&pool, 1).await;
        if many == 1 {
            soon(oban.insert(job(7))).await.expect("other keys do not wait");
        }
        tx.commit().await.unwrap();
        for (first, second) in first.iter().zip(second.end().await) {
            assert_eq!((second.conflict, &second.job), (true, &first.job));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_second_inserts_if_the_first_is_rolled_back() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let oban = start(pool.clone()).await;
    let mut tx = pool.begin().await.unwrap();
    let undone = oban.insert_tx(&mut tx, job(1)).await.unwrap();
    let others: Vec<_> = (0..4).map(|_| Inserting::begin(&oban, vec![job(1)])).collect();
    waiting(&pool, 4).await;
    tx.rollback().await.unwrap();
    let mut inserted = Vec::new();
    for other in others {
        inserted.extend(other.end().await);
    }
    assert_eq!(inserted.iter().filter(|inserted| !inserted.conflict).count(), 1);
    let ids: BTreeSet<_> = inserted.iter().map(|inserted| inserted.id).collect();
    assert_eq!(ids.len(), 1);
    assert!(!ids.contains(&undone.id));
    assert_eq!(count(&pool).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_inserter_leaves_the_place_to_others() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let oban = start(pool.clone()).await;
    let mut doomed = PgConnection::connect_with(&database.options()).await.unwrap();
    execute(&mut doomed, "BEGIN").await;
    oban.insert_tx(&mut doomed, job(1)).await.unwrap();
    let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut doomed).await.unwrap();
    let second = Inserting::begin(&oban, vec![job(1)]);
    waiting(&pool, 1).await;
    run(&pool, &format!("SELECT pg_terminate_backend({pid})")).await;
    assert!(!second.end().await[0].conflict);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_transaction_sees_its_own_jobs() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let oban = start(pool.clone()).await;
    let mut tx = pool.begin().await.unwrap();
    let first = oban.insert_tx(&mut tx, job(1)).await.unwrap();
    let second = oban.insert_tx(&mut tx, job(1)).await.unwrap();
    assert_eq!((first.conflict, second.conflict, first.id), (false, true, second.id));
    let mut savepoint = tx.begin().await.unwrap();
    let undone = oban.insert_tx(&mut savepoint, job(2)).await.unwrap();
    savepoint.rollback().await.unwrap();
    let again = oban.insert_tx(&mut tx, job(2)).await.unwrap();
    assert!(!again.conflict && again.id != undone.id);
    let replace = Replace::always([ReplaceField::Priority]);
    let replaced = oban.insert_tx(&mut tx, job(1).replace(replace).priority(4)).await.unwrap();
    assert_eq!((replaced.id, replaced.priority), (first.id, 4));
    tx.commit().await.unwrap();
    assert_eq!(count(&pool).await, 2);
    assert_eq!(oban.get_job(first.id).await.unwrap().unwrap(), replaced.job);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_cannot_see_duplicates_is_refused() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let oban = start(pool.clone()).await;
    for isolation in ["REPEATABLE READ", "SERIALIZABLE"] {
        let mut tx = pool.begin().await.unwrap();
        execute(&mut tx, &format!("SET TRANSACTION ISOLATION LEVEL {isolation}")).await;
        let error = oban.insert_tx(&mut tx, job(1)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains(&isolation.to_lowercase()), "{error}");
        oban.insert_tx(&mut tx, NewJob::new("Greet", json!({}))).await.expect("others may go on in it");
        tx.rollback().await.unwrap();
    }
    run(
        &pool,
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = serializable', \
         current_database()); END $$",
    )
    .await;
    let strict = start(database.pool()).await;
    assert!(!strict.insert(job(1)).await.unwrap().conflict, "a transaction of our own is as it has to be");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_without_a_transaction_is_refused() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let oban = start(pool.clone()).await;
    let mut conn = pool.acquire().await.unwrap();
    for jobs in [1, 200] {
        let error = oban.insert_all_tx(&mut conn, (0..jobs).map(job)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains("need a transaction"), "{error}");
    }
    execute(&mut conn, "BEGIN").await;
    oban.insert_tx(&mut conn, job(1)).await.expect("one that the driver knows nothing of will do");
    execute(&mut conn, "ROLLBACK").await;
    oban.insert_tx(&mut conn, job(1)).await.expect_err("that one is over");
    assert_eq!(count(&pool).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_without_end_is_an_error() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let oban = start(pool.clone()).await;
    let mut tx = pool.begin().await.unwrap();
    oban.insert_tx(&mut tx, job(1)).await.unwrap();
    let error = oban.insert(job(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Contended, "{error}");
    tx.commit().await.unwrap();
    assert!(oban.insert(job(1)).await.unwrap().conflict, "the connection is as good as before");
}

#[tokio::test(flavor = "multi_thread")]
async fn schemas_do_not_know_each_other() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let private = Postgres::new(pool.clone()).prefix("private").unwrap();
    private.migrate().await.unwrap();
    let oban = start(pool.clone()).await;
    let mut tx = pool.begin().await.unwrap();
    oban.insert_tx(&mut tx, job(1)).await.unwrap();
    let other = soon(private.insert_jobs(None, vec![job(1)])).await.unwrap();
    assert!(!other[0].conflict);
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_keys_need_one_lock() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let oban = start(pool.clone()).await;
    let mut tx = pool.begin().await.unwrap();
    oban.insert_all_tx(&mut tx, (0..20_000).map(job)).await.unwrap();
    let locks: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()",
    )
    .fetch_one(&mut *tx)
    .await
    .unwrap();
    assert_eq!(locks, 1);
    tx.commit().await.unwrap();
    let inserted = oban.insert_all((10_000..30_000).map(job)).await.unwrap();
    assert_eq!(inserted.iter().filter(|inserted| inserted.conflict).count(), 10_000);
    assert_eq!(count(&pool).await, 30_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_jobs_are_replaced_by_few_statements() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let oban = start(pool.clone()).await;
    oban.insert_all((0..3_000).map(job)).await.unwrap();
    run(&pool, "CREATE TABLE statements (at timestamptz DEFAULT clock_timestamp())").await;
    run(
        &pool,
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO statements DEFAULT VALUES; \
         RETURN NULL; END'",
    )
    .await;
    run(&pool, "CREATE TRIGGER note AFTER UPDATE ON oban_jobs FOR EACH STATEMENT EXECUTE FUNCTION note()")
        .await;
    let replace = Replace::always([ReplaceField::Priority, ReplaceField::Tags, ReplaceField::Args]);
    let jobs = (0..4_000).map(|n| job(n).tag("a \"b\"").priority(3).replace(replace.clone()));
    let inserted = oban.insert_all(jobs).await.unwrap();
    assert_eq!(inserted.iter().filter(|inserted| inserted.conflict).count(), 3_000);
    assert!(inserted.iter().all(|inserted| inserted.priority == 3 && inserted.tags == ["a \"b\""]));
    let (priority, tags): (i64, i64) = sqlx::query_as(
        "SELECT count(*) FILTER (WHERE priority = 3), count(*) FILTER (WHERE tags = ARRAY['a \"b\"']) FROM oban_jobs",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!((priority, tags), (4_000, 4_000));
    let statements: i64 =
        sqlx::query_scalar("SELECT count(*) FROM statements").fetch_one(&pool).await.unwrap();
    assert_eq!(statements, 2);
}

/// A job that is replaced begins to run between the look and the write.
#[tokio::test(flavor = "multi_thread")]
async fn a_stored_job_that_changes_its_state_meanwhile_is_looked_at_again() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let oban = start(pool.clone()).await;
    let stored = oban.insert(job(1)).await.unwrap();
    let mut tx = pool.begin().await.unwrap();
    execute(&mut tx, "UPDATE oban_jobs SET state = 'completed'").await;
    let waiting_only = Replace::new().in_state(JobState::Available, [ReplaceField::Priority]);
    let second = Inserting::begin(&oban, vec![job(1).replace(waiting_only).priority(4)]);
    waiting(&pool, 1).await;
    tx.commit().await.unwrap();
    let second = second.end().await.remove(0);
    assert_eq!((second.conflict, second.id, second.state), (true, stored.id, JobState::Completed));
    assert_eq!((second.priority, oban.get_job(stored.id).await.unwrap().unwrap().priority), (0, 0));
}

/// The states and the period limit what is read of the index, however many jobs of that key have run.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_history_of_one_key_is_not_read() {
    let database = Database::migrated().await;
    let mut conn = PgConnection::connect_with(&database.options()).await.unwrap();
    execute(
        &mut conn,
        "INSERT INTO oban_jobs (state, worker, meta, inserted_at, scheduled_at, completed_at)
         SELECT 'completed', 'Greet', '{\"unique_key\": \"abc\"}', at, at, at
         FROM generate_series(2, 100001) AS n,
              LATERAL (SELECT timezone('UTC', now()) - n * interval '1 minute' AS at) AS times;
         ANALYZE oban_jobs",
    )
    .await;
    execute(&mut conn, "SET plan_cache_mode = force_generic_plan").await;
    for (plan, statement) in [("known", "insert_jobs_known"), ("oldest", "insert_jobs_duplicates")] {
        let (_, text) = statements().into_iter().find(|(name, _)| name == statement).unwrap();
        execute(&mut conn, &format!("PREPARE {plan} AS {}", text.replace("{prefix}", "public"))).await;
    }
    let oldest = |states: &str, period: &str, by_schedule: bool| {
        format!(
            "oldest(NULL, '{{\"{states}\"}}', ARRAY[{period}]::bigint[], '{{{by_schedule}}}', '{{0}}', '{{abc}}', '{{1}}')"
        )
    };
    let incomplete = "{scheduled,available,executing,retryable}";
    let looks = [
        ("known(NULL, '{0}', '{abc}')".to_owned(), 2.0),
        ("known(NULL, '{0}', '{xyz}')".to_owned(), 0.0),
        (oldest("{completed}", "60000000", false), 0.0),
        (oldest(incomplete, "NULL", false), 0.0),
        (oldest(incomplete, "60000000", true), 0.0),
    ];
    for (look, rows) in looks {
        let explained = format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE {look}");
        let row = sqlx::raw_sql(AssertSqlSafe(explained)).fetch_one(&mut conn).await.unwrap();
        let Json(plan): Json<Value> = row.get(0);
        let plan = &plan[0]["Plan"];
        let blocks = ["Shared Hit Blocks", "Shared Read Blocks"].map(|name| plan[name].as_i64().unwrap());
        assert!(blocks[0] + blocks[1] < 50, "{look}: {plan:#}");
        assert_eq!(plan["Actual Rows"].as_f64(), Some(rows), "{look}");
    }
}

/// A state of a later Oban is none that counts, and is in nobody's way.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_in_a_state_nobody_knows_is_no_duplicate() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let oban = start(pool.clone()).await;
    let stored = oban.insert(job(1)).await.unwrap();
    sqlx::query("ALTER TYPE oban_job_state ADD VALUE 'frozen'").execute(&pool).await.unwrap();
    sqlx::query("UPDATE oban_jobs SET state = 'frozen'").execute(&pool).await.unwrap();
    let second = oban.insert(job(1)).await.unwrap();
    assert!(!second.conflict && second.id != stored.id);
    let third = oban.insert(job(1)).await.unwrap();
    assert_eq!((third.conflict, third.id), (true, second.id));
}
