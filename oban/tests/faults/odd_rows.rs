//! Rows as no node of ours writes them.

use oban::JobState;

use crate::{
    database::Database,
    node::Settings,
    wait::eventually,
    worker::{Hold, Work},
};

#[tokio::test(flavor = "multi_thread")]
async fn odd_rows_harm_nobody() {
    let database = Database::migrated().await;
    database
        .run(
            "INSERT INTO oban_jobs (state, queue, worker, args, attempt, max_attempts, tags, meta, attempted_by, errors)
             VALUES
               ('available', 'default', 'Work', '{\"millis\": 0}', 20, 20, '{}', '{}', '{}', '{}'),
               ('available', 'default', 'Work', '{\"millis\": 0}', 0, 20, NULL, NULL, NULL, '{}'),
               ('available', 'default', 'Work', 'null', 0, 1, '{NULL}', 'null', '{NULL,NULL}', '{}'),
               ('available', 'default', 'Work', '[1, 1e999]', 0, 1, '{}', '3', '{}', '{}'),
               ('available', 'default', 'Work', '{\"millis\": 0}', 1, 20, '{}', '[]', '{elixir@host}',
                ARRAY['{}', '3', 'null', '{\"at\": 7, \"attempt\": \"x\", \"error\": null}']::jsonb[]),
               ('executing', 'default', 'Work', '{\"millis\": 0}', 1, 20, NULL, NULL, NULL, '{}')",
        )
        .await;
    let node = Settings::new("web", database.url()).start().await;
    let sound = database.insert([Work { millis: 0 }]).await[0].id.0;
    let states = eventually("all but the orphan are finished", || async {
        let rows = database.run("SELECT id, state::text FROM oban_jobs ORDER BY id").await;
        let states: Vec<String> = rows.iter().map(|row| sqlx::Row::get(row, 1)).collect();
        if states[0] == "available" || states[1..5].iter().any(|state| state == "available") {
            return Err(states);
        }
        if states[6] == "completed" { Ok(states) } else { Err(states) }
    })
    .await;
    let expected =
        ["discarded", "completed", "discarded", "discarded", "completed", "executing", "completed"];
    assert_eq!(states, expected);
    assert!(database.operator().await.jobs(oban::JobFilter::all()).await.is_ok_and(|jobs| jobs.len() == 7));
    let seen = node.stop().await;
    assert_eq!(seen.logged("ERROR") + seen.logged("the store does not answer"), 0, "{:#?}", seen.log);
    assert!(seen.runs.contains(&(sound, 1)) && seen.runs.iter().all(|(_, attempt)| *attempt <= 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_changed_by_hand_while_they_run_stay_as_they_are() {
    let database = Database::migrated().await;
    let mut node = Settings::new("web", database.url()).limit(4).start().await;
    let jobs: Vec<i64> = database.insert((0..4).map(|_| Hold {})).await.iter().map(|job| job.id.0).collect();
    node.has_run(4).await;
    let [kept, deleted, cancelled, finished] = jobs[..] else { panic!("four jobs") };
    database.run(&format!("DELETE FROM oban_jobs WHERE id = {deleted}")).await;
    let cancel = "SET state = 'cancelled', cancelled_at = timezone('UTC', now())";
    database.run(&format!("UPDATE oban_jobs {cancel} WHERE id = {cancelled}")).await;
    let discard = "SET state = 'discarded', discarded_at = timezone('UTC', now())";
    database.run(&format!("UPDATE oban_jobs {discard} WHERE id = {finished}")).await;
    node.open_gate().await;
    // The slots of all four are free again.
    database.insert((0..8).map(|_| Hold {})).await;
    database.count_becomes(JobState::Completed, 9).await;
    let seen = node.stop().await;
    assert_eq!((seen.runs.len(), seen.logged("ERROR")), (12, 0), "{:#?}", seen.log);
    let ids =
        |state: &str| format!("SELECT id FROM oban_jobs WHERE state = '{state}' AND completed_at IS NULL");
    assert_eq!(database.numbers(&ids("cancelled")).await, [cancelled]);
    assert_eq!(database.numbers(&ids("discarded")).await, [finished]);
    let rows =
        format!("SELECT count(*) FROM oban_jobs WHERE id IN ({deleted}, {kept}) AND state = 'completed'");
    assert_eq!(database.number(&rows).await, 1);
}
