//! Two nodes work on one queue while operators interfere.

use std::collections::BTreeSet;

use oban::{JobFilter, JobId, JobState, Oban};

use crate::{database::Database, node::Settings, wait::eventually, worker::Alone};

const JOBS: usize = 5_000;
const UNFINISHED: &str =
    "SELECT count(*) FROM oban_jobs WHERE state NOT IN ('completed', 'cancelled', 'discarded')";

#[tokio::test(flavor = "multi_thread")]
async fn no_job_runs_beside_itself_whatever_operators_do() {
    let database = Database::migrated().await;
    let nodes = [
        Settings::new("one", database.url()).limit(10).start().await,
        Settings::new("two", database.url()).limit(10).start().await,
    ];
    let jobs: Vec<JobId> =
        database.insert((0..JOBS).map(|_| Alone { millis: 1 })).await.iter().map(|job| job.id).collect();
    let (mut stopped, mut deleted) = (BTreeSet::new(), BTreeSet::new());
    let operator = database.operator().await;
    while database.number(UNFINISHED).await > 0 {
        interfere(&operator, &jobs, &mut stopped, &mut deleted).await;
    }
    for node in nodes {
        let seen = node.stop().await;
        assert_eq!(seen.broken, [""; 0], "jobs ran beside themselves, or beyond the limit");
        assert!(seen.runs.len() > JOBS / 10, "it had next to nothing to do");
        assert_eq!(seen.logged("deadlock"), 0, "{:#?}", seen.log);
        assert_eq!(seen.logged("ERROR"), 0, "{:#?}", seen.log);
    }
    println!("{} jobs were cancelled while they ran, {} deleted", stopped.len(), deleted.len());
    assert!(!stopped.is_empty() && !deleted.is_empty(), "the operators were too late");
    is_consistent(&database, &stopped, &deleted).await;
}

/// One operator deletes while another retries, then cancels.
async fn interfere(
    operator: &Oban,
    jobs: &[JobId],
    stopped: &mut BTreeSet<JobId>,
    deleted: &mut BTreeSet<JobId>,
) {
    let chosen =
        |count: usize| -> Vec<JobId> { (0..count).map(|_| jobs[fastrand::usize(..jobs.len())]).collect() };
    // A job that was cancelled while it ran may go on for its grace on a node that did not hear of it: whoever
    // retries it at once wants two runs.
    let retried: Vec<JobId> = chosen(20).into_iter().filter(|id| !stopped.contains(id)).collect();
    let executing = JobFilter::all().state(JobState::Executing).limit(1);
    let waiting: Vec<JobId> = chosen(10).into_iter().filter(|id| !retried.contains(id)).collect();
    let (now, removed) = tokio::join!(
        async {
            operator.retry_all(JobFilter::ids(retried)).await.unwrap();
            operator.cancel_all(executing).await
        },
        operator.delete_all(JobFilter::ids(waiting)),
    );
    stopped.extend(now.unwrap().iter().filter(|job| job.before == JobState::Executing).map(|job| job.id));
    deleted.extend(removed.unwrap().iter().map(|job| job.id));
}

async fn is_consistent(database: &Database, stopped: &BTreeSet<JobId>, deleted: &BTreeSet<JobId>) {
    const LEFT: &str = "SELECT id FROM oban_jobs";
    const CANCELLED: &str = "SELECT id FROM oban_jobs WHERE state = 'cancelled'";
    const TORN: &str = "SELECT count(*) FROM oban_jobs
        WHERE (state = 'completed') <> (completed_at IS NOT NULL)
           OR (state = 'cancelled') <> (cancelled_at IS NOT NULL)
           OR (state = 'completed' AND (attempt < 1 OR attempted_at > completed_at))
           OR attempt > max_attempts OR cardinality(errors) > 0";
    let expected = i64::try_from(JOBS - deleted.len()).unwrap();
    eventually("nothing is left of the nodes", || async {
        let producers = database.number("SELECT count(*) FROM oban_producers").await;
        if producers == 0 { Ok(()) } else { Err(producers) }
    })
    .await;
    assert_eq!(database.numbers(LEFT).await.len(), usize::try_from(expected).unwrap());
    assert_eq!(database.number(TORN).await, 0);
    let cancelled: BTreeSet<JobId> = database.numbers(CANCELLED).await.into_iter().map(JobId).collect();
    let lost: Vec<_> = stopped.difference(deleted).filter(|id| !cancelled.contains(id)).collect();
    assert_eq!(lost, [&JobId(0); 0], "cancelled while they ran, and did not stay so");
}
