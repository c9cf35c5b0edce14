use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use oban_core::{Channel, Engine, Finish, Job, JobFilter, JobId, JobState, Stage, Touched};
use tokio::task::JoinSet;

use crate::{
    Harness,
    harness::{ids, job, touched_ids},
};

pub async fn makes_due_jobs_available(h: Harness) {
    let stored = h.insert(job().queue("a").schedule_in("5s")).await;
    h.advance("5s");
    let staged = h.stage().await;
    let expected = Touched {
        id: stored.id,
        queue: "a".to_owned(),
        before: JobState::Scheduled,
        after: Some(JobState::Available),
    };
    assert_eq!(staged.jobs, [expected]);
    assert_eq!(h.read(stored.id).await, Job { state: JobState::Available, ..stored }, "nothing else changes");
}

pub async fn takes_retryable_jobs_as_well(h: Harness) {
    let retry = Finish::Retry { delay: Duration::from_secs(5), error: "oops".into() };
    let failed = h.finished(job(), retry).await;
    h.advance("5s");
    let staged = h.stage().await;
    assert_eq!((staged.jobs[0].id, staged.jobs[0].before), (failed.id, JobState::Retryable));
    assert_eq!(h.read(failed.id).await.state, JobState::Available);
}

pub async fn leaves_what_is_not_due(h: Harness) {
    let stored = h.insert(job().schedule_in("5s")).await;
    h.advance("4s999ms");
    assert!(h.stage().await.jobs.is_empty());
    assert_eq!(h.read(stored.id).await, stored);
}

pub async fn takes_the_oldest_due_first(h: Harness) {
    let at = |seconds| job().schedule_at(h.now() - TimeDelta::seconds(seconds));
    let stored = h.insert_all([at(1), at(30), at(20), at(30), at(2)]).await;
    let places = [[1, 3], [2, 4]];
    for places in places {
        let staged = h.engine.stage_jobs(Stage { limit: 2, queues: &[] }).await.unwrap();
        assert_eq!(touched_ids(&staged.jobs), places.map(|place: usize| stored[place].id));
    }
    assert_eq!(touched_ids(&h.stage().await.jobs), [stored[0].id]);
}

pub async fn stages_nothing_with_a_limit_of_zero(h: Harness) {
    h.insert(job().schedule_in(Duration::ZERO)).await;
    let staged = h.engine.stage_jobs(Stage { limit: 0, queues: &["default".to_owned()] }).await.unwrap();
    assert!(staged.jobs.is_empty() && staged.queues.is_empty());
}

pub async fn leaves_jobs_in_other_states(h: Harness) {
    let mut rows = Vec::new();
    for state in JobState::ALL {
        if !matches!(state, JobState::Suspended | JobState::Scheduled | JobState::Retryable) {
            rows.push(h.job_in(state).await);
        }
    }
    h.advance("1d");
    assert!(h.stage().await.jobs.is_empty());
    assert_eq!(h.engine.list_jobs(&JobFilter::ids(ids(&rows))).await.unwrap(), rows);
}

pub async fn announces_the_queues(h: Harness) {
    let mut ear = h.other_ear(Channel::Insert).await;
    h.insert_all(["a", "b", "a"].map(|queue| job().queue(queue).schedule_in("1s"))).await;
    h.insert(job().queue("later").schedule_in("1h")).await;
    h.advance("1s");
    h.stage().await;
    assert_eq!(ear.queues().await, ["a", "b"]);
    h.stage().await;
    assert!(ear.queues().await.is_empty(), "nothing was staged, nothing is announced");
}

pub async fn tells_which_queues_have_work(h: Harness) {
    h.insert_all([job().queue("old"), job().queue("foreign"), job().queue("staged").schedule_in("1s")]).await;
    h.insert(job().queue("waiting").schedule_in("1h")).await;
    h.execute(job().queue("busy")).await;
    h.advance("1s");
    let queues = ["waiting", "staged", "busy", "old", "unheard of", "old"].map(str::to_owned);
    let staged = h.engine.stage_jobs(Stage { limit: 10, queues: &queues }).await.unwrap();
    assert_eq!(staged.queues, ["old", "staged"], "sorted, with those just staged, and no others");
}

pub async fn leaves_a_cancelled_job_cancelled(h: Harness) {
    let stored = h.insert(job().schedule_in("1s")).await;
    h.engine.cancel_jobs(&JobFilter::id(stored.id)).await.unwrap();
    h.advance("1s");
    assert!(h.stage().await.jobs.is_empty());
    assert_eq!(h.read(stored.id).await.state, JobState::Cancelled);
}

pub async fn never_stages_a_job_at_two_nodes(h: Harness) {
    let stored = h.insert_all((0..500).map(|_| job().schedule_in("1s"))).await;
    h.advance("1s");
    let mut nodes = JoinSet::new();
    for engine in [&h.engine, &h.other, &h.engine, &h.other] {
        nodes.spawn(stage_all(Arc::clone(engine)));
    }
    let mut staged: Vec<JobId> = nodes.join_all().await.concat();
    // Rows another transaction holds are passed over, so a node may stop too early.
    staged.extend(touched_ids(&h.stage().await.jobs));
    staged.sort();
    assert_eq!(staged, ids(&stored), "each job once");
}

async fn stage_all(engine: Arc<dyn Engine>) -> Vec<JobId> {
    let mut staged = Vec::new();
    loop {
        let jobs = engine.stage_jobs(Stage { limit: 9, queues: &[] }).await.unwrap().jobs;
        if jobs.is_empty() {
            return staged;
        }
        staged.extend(touched_ids(&jobs));
    }
}

pub async fn keeps_cancelled_what_is_cancelled_meanwhile(h: Harness) {
    let stored = h.insert_all((0..300).map(|_| job().schedule_in("1s"))).await;
    h.advance("1s");
    let mut nodes = JoinSet::new();
    nodes.spawn(stage_all(Arc::clone(&h.engine)));
    let other = Arc::clone(&h.other);
    let cancelling = stored.clone();
    nodes.spawn(async move {
        let mut cancelled = Vec::new();
        for jobs in cancelling.chunks(10).rev() {
            let touched = other.cancel_jobs(&JobFilter::ids(ids(jobs))).await.unwrap();
            cancelled.extend(touched_ids(&touched));
        }
        cancelled
    });
    nodes.join_all().await;
    h.stage().await;
    let all = JobFilter::ids(ids(&stored));
    let left = h.engine.list_jobs(&all.state(JobState::Cancelled)).await.unwrap();
    assert_eq!(left.len(), stored.len(), "a cancel that came in between is not undone");
}
