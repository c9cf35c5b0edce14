//! What inserting returns is what the rows hold, whichever way they went.

use std::{sync::Arc, time::Duration};

use chrono::DateTime;
use oban_core::{Channel, Conn, Engine, Inspect, JobFilter, NewJob};
use oban_postgres::Postgres;
use oban_testing::Ear;
use proptest::{
    arbitrary::any,
    collection::{btree_map, vec},
    num::f64,
    prop_oneof,
    strategy::{Just, Strategy, ValueTree},
    test_runner::TestRunner,
};
use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool, postgres::PgPoolOptions};
use uuid::Uuid;

use crate::{migrations::run, support::Database};

/// The fewest jobs that are copied.
const MANY: usize = 2_001;

/// Whatever a row can hold, with a liking for what COPY and array literals give a meaning to.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[^\\x00]{0,12}",
        "[\\\\\t\n\r\u{8}\u{b}\u{c}.Nx\"{}, ']{0,8}",
        prop_oneof![Just("\\N"), Just("\\."), Just("NULL"), Just("\\\\N")].prop_map(str::to_owned),
    ]
}

fn json() -> impl Strategy<Value = Value> {
    let float = (f64::NORMAL | f64::SUBNORMAL | f64::ZERO).prop_map(Value::from);
    let round =
        (-9_i32..10, -20_i32..30).prop_map(|(digit, power)| json!(f64::from(digit) * 10_f64.powi(power)));
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        float,
        round,
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(text(), inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn job() -> impl Strategy<Value = NewJob> {
    let seconds = -62_135_596_800_i64..253_402_300_800;
    let at =
        (seconds, 0_u32..1_000_000_000).prop_map(|(seconds, nanos)| DateTime::from_timestamp(seconds, nanos));
    let period = (0..3_000_000_000_u64, 0_u32..1_000_000_000)
        .prop_map(|(seconds, nanos)| Duration::new(seconds, nanos));
    let names = (text(), text(), 0..10, 1_u32..=2_147_483_647);
    (
        names,
        json(),
        json(),
        vec(text(), 0..4),
        prop_oneof![Just(None), at],
        prop_oneof![Just(None), period.prop_map(Some)],
    )
        .prop_map(|((worker, queue, priority, max_attempts), args, meta, tags, at, period)| {
            let job = NewJob::new(format!("W{worker}"), json!({ "args": args }))
                .queue(format!("q{queue}"))
                .priority(priority)
                .max_attempts(max_attempts)
                .meta(json!({ "meta": meta }));
            let job = tags.into_iter().fold(job, NewJob::tag);
            let job = at.into_iter().fold(job, NewJob::schedule_at);
            period.into_iter().fold(job, NewJob::schedule_in)
        })
}

async fn returns_what_the_rows_hold(postgres: Postgres, pool: &PgPool) {
    let jobs = vec(job(), 500).new_tree(&mut TestRunner::default()).unwrap().current();
    for job in &jobs {
        job.validate().unwrap();
    }
    for count in [jobs.len(), MANY] {
        let jobs = jobs.iter().cycle().take(count).cloned().collect();
        let inserted = postgres.insert_jobs(None, jobs).await.unwrap();
        assert_eq!(inserted.len(), count);
        let ids = JobFilter::ids(inserted.iter().map(|inserted| inserted.id));
        let read = postgres.list_jobs(&ids).await.unwrap();
        assert_eq!(read.len(), count);
        for (inserted, read) in inserted.iter().zip(&read) {
            assert_eq!(inserted.job, *read);
        }
    }
    pool.close().await;
}

#[tokio::test]
async fn jobs_come_back_as_their_rows_hold_them() {
    let database = Database::migrated().await;
    let pool = database.pool();
    returns_what_the_rows_hold(Postgres::new(pool.clone()), &pool).await;
}

#[tokio::test]
async fn also_in_another_schema_without_prepared_statements() {
    let database = Database::migrated().await;
    let pool = PgPoolOptions::new().connect_lazy_with(database.options().statement_cache_capacity(0));
    let postgres = Postgres::new(pool.clone()).prefix("it-is_Private").unwrap().prepare(false);
    postgres.migrate().await.unwrap();
    returns_what_the_rows_hold(postgres, &pool).await;
}

#[tokio::test]
async fn each_job_keeps_its_own_options_among_jobs_without() {
    let database = Database::migrated().await;
    let postgres = Postgres::new(database.pool());
    let plain = NewJob::new("Greet", json!({}));
    let options = [
        plain.clone().meta(json!({ "from": "test" })),
        plain.clone().tag("alpha").tag("beta"),
        plain.clone().priority(9),
        plain.clone().schedule_at(DateTime::from_timestamp(1, 0).unwrap()),
        plain.clone().schedule_in("1h"),
    ];
    for job in options {
        let jobs = vec![plain.clone(), job, plain.clone()];
        let inserted = postgres.insert_jobs(None, jobs.clone()).await.unwrap();
        for (new, inserted) in jobs.iter().zip(&inserted) {
            let read = postgres.list_jobs(&JobFilter::id(inserted.id)).await.unwrap();
            assert_eq!(read[0], inserted.job);
            assert_eq!((&read[0].meta, &read[0].tags), (&new.meta, &new.tags));
            assert_eq!((read[0].priority, read[0].state), (new.priority, new.state()));
        }
    }
}

fn plain(count: usize) -> Vec<NewJob> {
    (0..count).map(|at| NewJob::new("Greet", json!({ "at": at }))).collect()
}

async fn count(pool: &PgPool, condition: &'static str) -> i64 {
    sqlx::query_scalar(condition).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn only_many_jobs_on_a_connection_of_ours_are_copied() {
    let database = Database::migrated().await;
    let pool = database.pool();
    run(
        &pool,
        "CREATE TABLE seen (query text);
         CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN INSERT INTO seen VALUES (current_query()); RETURN NULL; END $$;
         CREATE TRIGGER see AFTER INSERT ON oban_jobs FOR EACH STATEMENT EXECUTE FUNCTION see()",
    )
    .await;
    let copies = async || count(&pool, "SELECT count(*) FROM seen WHERE query LIKE 'COPY%'").await;
    let postgres = Postgres::new(pool.clone());
    postgres.insert_jobs(None, plain(MANY - 1)).await.unwrap();
    assert_eq!(copies().await, 0);
    postgres.insert_jobs(None, plain(MANY)).await.unwrap();
    assert_eq!(copies().await, 1);
    let mut tx = pool.begin().await.unwrap();
    let conn: &mut PgConnection = &mut tx;
    postgres.insert_jobs(Some(Conn::new(conn)), plain(MANY)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(copies().await, 1);

    let inserted = postgres.insert_jobs(None, plain(20_001)).await.unwrap();
    assert_eq!(copies().await, 3, "no COPY takes for ever");
    assert!(inserted.is_sorted_by(|one, next| one.id < next.id));
    assert!(inserted.iter().enumerate().all(|(at, job)| job.args == json!({ "at": at })));
}

#[tokio::test(flavor = "multi_thread")]
async fn copied_jobs_are_announced_as_others_are() {
    let database = Database::migrated().await;
    let postgres = Postgres::new(database.pool());
    let mut ear = Ear::new(Arc::new(postgres.clone()), Channel::Insert).await;
    let mut jobs = plain(MANY);
    for (at, job) in jobs.iter_mut().enumerate() {
        job.queue = ["a", "b '\u{1}\"\\é"][at % 2].to_owned();
    }
    jobs.push(NewJob::new("Greet", json!({})).queue("later").schedule_in("1h"));
    postgres.insert_jobs(None, jobs).await.unwrap();
    assert_eq!(ear.queues().await, ["a", "b '\u{1}\"\\é"]);
}

#[tokio::test]
async fn tables_that_cannot_be_copied_to_take_many_jobs_too() {
    let database = Database::migrated().await;
    let pool = database.pool();
    let role = format!("tenant_{}", Uuid::new_v4().simple());
    run(
        &pool,
        &format!(
            "CREATE ROLE {role}; GRANT ALL ON ALL TABLES IN SCHEMA public TO {role};
             GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role};
             ALTER TABLE oban_jobs ENABLE ROW LEVEL SECURITY;
             CREATE POLICY everything ON oban_jobs USING (true) WITH CHECK (true)"
        ),
    )
    .await;
    let tenant = database.options().options([("role", role.as_str())]);
    let postgres = Postgres::new(PgPoolOptions::new().connect_lazy_with(tenant));
    let under_policy = postgres.insert_jobs(None, plain(MANY)).await;
    run(
        &pool,
        &format!("ALTER TABLE oban_jobs DISABLE ROW LEVEL SECURITY; DROP OWNED BY {role}; DROP ROLE {role}"),
    )
    .await;
    assert_eq!(under_policy.unwrap().len(), MANY);

    run(&pool, "ALTER SEQUENCE oban_jobs_id_seq OWNED BY NONE").await;
    let with_strange_ids = Postgres::new(pool.clone()).insert_jobs(None, plain(MANY)).await;
    assert_eq!(with_strange_ids.unwrap().len(), MANY);
    assert_eq!(count(&pool, "SELECT count(*) FROM oban_jobs").await, 2 * i64::try_from(MANY).unwrap());
}

#[tokio::test]
async fn a_row_kept_out_by_a_trigger_is_told() {
    let database = Database::migrated().await;
    let pool = database.pool();
    run(
        &pool,
        "CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RETURN CASE WHEN NEW.args ->> 'at' <> '7' THEN NEW END; END $$;
         CREATE TRIGGER skip BEFORE INSERT ON oban_jobs FOR EACH ROW EXECUTE FUNCTION skip()",
    )
    .await;
    let postgres = Postgres::new(pool.clone());
    for jobs in [10, MANY - 1, MANY] {
        let error = postgres.insert_jobs(None, plain(jobs)).await.unwrap_err();
        assert!(error.to_string().contains("trigger"), "{error}");
        let mut tx = pool.begin().await.unwrap();
        let error = postgres.insert_jobs(Some(Conn::new(&mut *tx)), plain(jobs)).await.unwrap_err();
        assert!(error.to_string().contains("trigger"), "{error}");
        // Whatever it is that the caller does then.
        tx.commit().await.ok();
    }
    assert_eq!(count(&pool, "SELECT count(*) FROM oban_jobs").await, 0, "all or none");
}
