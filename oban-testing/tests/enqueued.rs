//! What assertions say when they fail, and jobs that are performed on their own.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::time::Duration;

use oban_core::{
    Context, ErrorKind, Job, JobArgs, JobId, JobState, NewJob, Outcome, Performed, Worker, chrono::DateTime,
};
use oban_testing::{all_enqueued, assert_enqueued, manual, perform_job, refute_enqueued};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::task::JoinSet;

#[derive(Serialize, Deserialize)]
struct SendWelcome {
    user_id: i64,
}

impl JobArgs for SendWelcome {
    const WORKER: &'static str = "SendWelcome";

    fn configure(job: NewJob) -> NewJob {
        job.queue("mailers").max_attempts(3)
    }
}

impl Worker for SendWelcome {
    async fn perform(self, ctx: Context) -> Performed {
        let job = ctx.job();
        match self.user_id {
            0 => Ok(Outcome::snooze("soon")),
            1 => Ok(Outcome::record(json!([job.id, job.attempt, job.priority, job.meta, job.scheduled_at]))),
            2 => {
                ctx.oban().insert(SendWelcome { user_id: 3 }.schedule_in("1d")).await?;
                Ok(Outcome::Complete)
            }
            id => panic!("no user {id}"),
        }
    }
}

fn job(id: i64, user_id: i64) -> Job {
    let at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    Job {
        id: JobId(id),
        state: JobState::Available,
        queue: "mailers".to_owned(),
        worker: SendWelcome::WORKER.to_owned(),
        args: json!({ "user_id": user_id }),
        inserted_at: at,
        scheduled_at: at,
        max_attempts: 3,
        ..Job::default()
    }
}

async fn message(failing: impl Future<Output = ()> + Send + 'static) -> String {
    let mut tasks = JoinSet::new();
    tasks.spawn(failing);
    let panic = tasks.join_next().await.unwrap().unwrap_err().into_panic();
    panic.downcast_ref::<String>().unwrap().clone()
}

#[tokio::test]
async fn a_missing_job_is_told_beside_those_that_are_there() {
    let mut other = job(1, 7);
    other.tags = vec!["vip".to_owned()];
    other.meta = serde_json::Map::from_iter([("by".to_owned(), json!(1))]);
    let jobs = vec![
        other,
        job(2, 2),
        Job { worker: "SendBye".to_owned(), ..job(3, 2) },
        Job { state: JobState::Completed, ..job(4, 7) },
    ];
    let text = message(async move {
        assert_enqueued!(jobs, SendWelcome { user_id: 7 }, scheduled_in = "5m", tags = ["vip"]);
    });
    assert_eq!(
        text.await,
        r#"assert_enqueued! found no such job
wanted:
  worker: SendWelcome
  args: {"user_id":7}
  tags with: ["vip"]
  scheduled: in 300s, within 1s
found 3, the nearest first:
  1 SendWelcome in mailers, available at 2027-01-15T08:00:00Z, priority 0, args {"user_id":7}, meta {"by":1}, tags ["vip"]
    scheduled_at is 2027-01-15 08:00:00 UTC, 300s off 2027-01-15 08:05:00 UTC
  2 SendWelcome in mailers, available at 2027-01-15T08:00:00Z, priority 0, args {"user_id":2}
    args.user_id is 2, not 7
    tags [] lack "vip"
    scheduled_at is 2027-01-15 08:00:00 UTC, 300s off 2027-01-15 08:05:00 UTC
  3 SendBye in mailers, available at 2027-01-15T08:00:00Z, priority 0, args {"user_id":2}
    worker is SendBye, not SendWelcome
    args.user_id is 2, not 7
    tags [] lack "vip"
    scheduled_at is 2027-01-15 08:00:00 UTC, 300s off 2027-01-15 08:05:00 UTC"#
    );
}

#[tokio::test]
async fn an_unwanted_job_is_told() {
    let jobs: Vec<Job> = (1..=12).map(|id| job(id, id)).collect();
    let text = message(async move { refute_enqueued!(jobs, queue = "mailers", priority = 0) }).await;
    let (first, last) = ("\nfound 12:\n  12 SendWelcome in mailers", "\n  and 2 more");
    assert!(
        text.starts_with("refute_enqueued! found such a job\nnot wanted:\n  queue: mailers\n  priority: 0\n"),
        "{text}"
    );
    assert!(text.contains(first) && text.ends_with(last), "{text}");
}

#[tokio::test]
async fn an_empty_store_and_a_senseless_period_are_told() {
    let oban = manual().start().await.unwrap();
    let empty = oban.clone();
    let text = message(async move { assert_enqueued!(empty, worker = SendWelcome, timeout = "1ms") }).await;
    assert!(
        text.ends_with("wanted:\n  worker: SendWelcome\n  waited: 1ms\nfound: no job that waits to run"),
        "{text}"
    );
    let text = message(async move { refute_enqueued!(oban, scheduled_in = "soon") }).await;
    assert!(text.starts_with("scheduled_in: \"soon\" is no period"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn an_assertion_waits_in_virtual_time() {
    let oban = manual().start().await.unwrap();
    let began = tokio::time::Instant::now();
    refute_enqueued!(oban, worker = SendWelcome, timeout = "1h");
    assert_eq!(began.elapsed().as_secs(), 3600);
}

#[tokio::test]
async fn a_performed_job_is_as_the_test_wants_it() {
    let at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let performing =
        perform_job((), SendWelcome { user_id: 1 }).job(|job| job.priority(4)).meta(json!({"a": 1}));
    let outcome = performing.attempt(3).id(99).scheduled_at(at).await.unwrap();
    assert_eq!(outcome, Outcome::record(json!([99, 3, 4, {"a": 1}, at])));
}

#[tokio::test]
async fn a_performed_job_is_checked_before_and_after() {
    let error = perform_job((), SendWelcome { user_id: 1 }).job(|job| job.priority(10)).await.unwrap_err();
    assert_eq!(error.downcast_ref::<oban_core::Error>().unwrap().kind(), ErrorKind::Invalid);
    let error = perform_job((), SendWelcome { user_id: 0 }).await.unwrap_err();
    assert!(error.to_string().contains("\"soon\" is no period"), "{error}");
}

#[tokio::test]
async fn a_performed_job_inserts_where_the_test_looks() {
    let oban = manual().start().await.unwrap();
    let outcome = perform_job((), SendWelcome { user_id: 2 }).oban(&oban).await.unwrap();
    assert_eq!(outcome, Outcome::Complete);
    assert_enqueued!(oban, SendWelcome { user_id: 3 }, scheduled_in = Duration::from_secs(24 * 60 * 60));
    assert_eq!(all_enqueued!(oban).len(), 1);
}
