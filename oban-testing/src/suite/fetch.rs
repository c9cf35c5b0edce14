use std::{collections::BTreeSet, sync::Arc, time::Duration};

use chrono::TimeDelta;
use oban_core::{
    Ack, Engine, Fetch, Finish, Job, JobChanges, JobFilter, JobId, JobState, NewJob, QueueChange, QueueMeta,
    QueueSpec,
};
use tokio::task::JoinSet;

use crate::{
    Harness,
    harness::{ids, job, spec},
};

pub async fn makes_jobs_executing(h: Harness) {
    let stored = h.insert(job()).await;
    let producer = h.producer("default").await;
    h.advance("3s");
    let fetched = h.fetch(&producer, 5).await;
    let expected = Job {
        state: JobState::Executing,
        attempt: 1,
        attempted_at: Some(h.now()),
        attempted_by: vec!["web.1".to_owned(), producer.uuid.to_string()],
        ..stored
    };
    assert_eq!(h.read(expected.id).await, expected);
    assert_eq!(fetched, [expected], "the row is returned as it is stored");
}

pub async fn orders_by_priority_then_time_then_id(h: Harness) {
    let second = |job: NewJob, seconds| job.schedule_at(h.now() - TimeDelta::seconds(seconds));
    let stored = h
        .insert_all([
            second(job().priority(1), 9),
            second(job(), 5),
            second(job(), 5),
            second(job(), 7),
            second(job().priority(9), 90),
            second(job(), 1),
        ])
        .await;
    h.stage().await;
    let producer = h.producer("default").await;
    let expected = [3, 1, 2, 5, 0, 4].map(|place: usize| stored[place].id);
    assert_eq!(ids(&h.fetch(&producer, 4).await), expected[..4]);
    assert_eq!(ids(&h.fetch(&producer, 4).await), expected[4..]);
}

pub async fn goes_on_after_a_position(h: Harness) {
    let second = |job: NewJob, seconds| job.schedule_at(h.now() - TimeDelta::seconds(seconds));
    let stored = h.insert_all([job().priority(1), second(job(), 5), job(), job(), second(job(), 9)]).await;
    h.stage().await;
    let producer = h.producer("default").await;
    let fetch = |after: &Job, demand| {
        let (engine, queue, after) = (Arc::clone(&h.engine), &producer, Some(after.position()));
        async move { engine.fetch_jobs(Fetch { queue, demand, after, acks: &[] }).await.unwrap().jobs }
    };
    assert_eq!(ids(&fetch(&stored[2], 1).await), [stored[3].id], "of one priority and time, by id");
    assert_eq!(ids(&fetch(&stored[4], 1).await), [stored[1].id], "of one priority, by time");
    assert_eq!(ids(&fetch(&stored[1], 9).await), [stored[2].id, stored[0].id], "by priority");
    assert!(fetch(&stored[0], 9).await.is_empty(), "it is the last one");
    assert_eq!(ids(&h.fetch(&producer, 9).await), [stored[4].id], "from the start, all that is left");
}

pub async fn gives_no_more_than_demanded(h: Harness) {
    let stored = h.insert_all((0..5).map(|_| job())).await;
    let producer = h.producer("default").await;
    assert_eq!(ids(&h.fetch(&producer, 3).await), ids(&stored[..3]));
    assert_eq!(ids(&h.fetch(&producer, 3).await), ids(&stored[3..]));
    assert!(h.fetch(&producer, 3).await.is_empty(), "an executing job is not fetched again");
}

pub async fn gives_nothing_on_no_demand(h: Harness) {
    h.insert(job()).await;
    let producer = h.producer("default").await;
    assert!(h.fetch(&producer, 0).await.is_empty());
}

pub async fn stays_in_its_queue(h: Harness) {
    let stored = h.insert_all([job().queue("a"), job().queue("b"), job().queue("A")]).await;
    let producer = h.producer("b").await;
    assert_eq!(ids(&h.fetch(&producer, 9).await), [stored[1].id]);
}

pub async fn leaves_jobs_that_wait(h: Harness) {
    h.insert(job().schedule_in("1s")).await;
    h.finished(job(), Finish::Retry { delay: Duration::ZERO, error: "oops".into() }).await;
    h.advance("1h");
    let producer = h.producer("default").await;
    assert!(h.fetch(&producer, 9).await.is_empty(), "due, but nobody staged them");
}

pub async fn leaves_finished_jobs(h: Harness) {
    for finish in [
        Finish::Complete { recorded: None },
        Finish::Discard { error: "no".into() },
        Finish::Cancel { error: "no".into() },
    ] {
        h.finished(job(), finish).await;
    }
    let producer = h.producer("default").await;
    assert!(h.fetch(&producer, 9).await.is_empty());
}

pub async fn gives_nothing_to_a_paused_producer(h: Harness) {
    let stored = h.insert(job()).await;
    let mut producer = h.producer("default").await;
    h.engine.update_queue(&mut producer, QueueChange::Paused(true)).await.unwrap();
    assert!(h.fetch(&producer, 9).await.is_empty());
    h.engine.update_queue(&mut producer, QueueChange::Paused(false)).await.unwrap();
    assert_eq!(ids(&h.fetch(&producer, 9).await), [stored.id]);
}

pub async fn gives_nothing_to_a_producer_that_started_paused(h: Harness) {
    h.insert(job()).await;
    let spec = QueueSpec { paused: true, ..spec("web.1", "default") };
    let producer = h.engine.init_queue(&spec).await.unwrap();
    assert!(h.fetch(&producer, 9).await.is_empty());
}

pub async fn gives_nothing_to_a_draining_producer(h: Harness) {
    h.insert(job()).await;
    let mut producer = h.producer("default").await;
    h.engine.update_queue(&mut producer, QueueChange::Draining).await.unwrap();
    assert!(h.fetch(&producer, 9).await.is_empty());
}

pub async fn takes_the_acks_of_a_paused_producer(h: Harness) {
    let running = h.execute(job()).await;
    let mut producer = h.producer("default").await;
    h.engine.update_queue(&mut producer, QueueChange::Paused(true)).await.unwrap();
    let acks = [Ack::of(&running, Finish::Complete { recorded: None })];
    let fetched =
        h.engine.fetch_jobs(Fetch { queue: &producer, demand: 1, after: None, acks: &acks }).await.unwrap();
    assert_eq!(fetched.acked, [running.id]);
    assert_eq!(h.read(running.id).await.state, JobState::Completed);
}

pub async fn takes_acks_without_demand(h: Harness) {
    let running = h.execute(job()).await;
    h.insert(job()).await;
    let producer = h.producer("default").await;
    let acks = [Ack::of(&running, Finish::Complete { recorded: None })];
    let fetched =
        h.engine.fetch_jobs(Fetch { queue: &producer, demand: 0, after: None, acks: &acks }).await.unwrap();
    assert_eq!((ids(&fetched.jobs), fetched.acked), (vec![], vec![running.id]));
}

pub async fn takes_acks_before_it_fetches(h: Harness) {
    let running = h.execute(job()).await;
    let producer = h.producer("default").await;
    let acks = [Ack::of(&running, Finish::HandBack)];
    h.advance("1s");
    let fetched =
        h.engine.fetch_jobs(Fetch { queue: &producer, demand: 1, after: None, acks: &acks }).await.unwrap();
    assert_eq!(fetched.acked, [running.id]);
    assert_eq!(ids(&fetched.jobs), [running.id], "what the acks made available can be fetched");
    assert_eq!((fetched.jobs[0].attempt, fetched.jobs[0].attempted_at), (1, Some(h.now())));
}

pub async fn says_which_acks_were_taken(h: Harness) {
    let first = h.execute(job()).await;
    let second = h.execute(job()).await;
    h.engine.cancel_jobs(&JobFilter::id(first.id)).await.unwrap();
    let third = h.insert(job()).await;
    let producer = h.producer("default").await;
    let acks = [&first, &second].map(|job| Ack::of(job, Finish::Complete { recorded: None }));
    let fetched =
        h.engine.fetch_jobs(Fetch { queue: &producer, demand: 5, after: None, acks: &acks }).await.unwrap();
    assert_eq!((fetched.acked, ids(&fetched.jobs)), (vec![second.id], vec![third.id]));
}

pub async fn skips_exhausted_jobs(h: Harness) {
    let exhausted = exhausted_available(&h, 3).await;
    let fresh = h.insert(job().priority(9)).await;
    let producer = h.producer("default").await;
    assert_eq!(ids(&h.fetch(&producer, 2).await), [fresh.id], "they do not block the head of the queue");
    let row = h.read(exhausted[0]).await;
    assert_eq!((row.state, row.attempt, row.max_attempts), (JobState::Available, 1, 1));
}

pub async fn fetches_again_after_a_retry(h: Harness) {
    let first = h.execute(job()).await;
    assert!(h.ack(&first, Finish::Retry { delay: Duration::from_secs(5), error: "oops".into() }).await);
    h.advance("5s");
    h.stage().await;
    let producer = h.other_producer("default").await;
    let again =
        h.other.fetch_jobs(Fetch { queue: &producer, demand: 1, after: None, acks: &[] }).await.unwrap().jobs;
    assert_eq!((again[0].id, again[0].attempt, again[0].attempted_at), (first.id, 2, Some(h.now())));
    assert_eq!(again[0].attempted_by, ["web.2".to_owned(), producer.uuid.to_string()]);
    assert_eq!(again[0].errors.len(), 1);
}

pub async fn takes_no_notice_of_a_clock_that_steps_back(h: Harness) {
    let stored = h.insert(job()).await;
    h.clock.advance(TimeDelta::hours(-1));
    let producer = h.producer("default").await;
    let fetched = h.fetch(&producer, 1).await;
    assert_eq!(
        (fetched[0].id, fetched[0].attempted_at),
        (stored.id, Some(h.now())),
        "available is available"
    );
    assert!(h.ack(&fetched[0], Finish::Complete { recorded: None }).await);
}

pub async fn never_gives_a_job_to_two_nodes(h: Harness) {
    let stored = h.insert_all((0..600).map(|_| job())).await;
    let mut nodes = JoinSet::new();
    for _ in 0..2 {
        nodes.spawn(drain(Arc::clone(&h.engine), h.producer("default").await));
        nodes.spawn(drain(Arc::clone(&h.other), h.other_producer("default").await));
    }
    let fetched: Vec<JobId> = nodes.join_all().await.concat();
    let distinct: BTreeSet<JobId> = fetched.iter().copied().collect();
    assert_eq!(fetched.len(), distinct.len(), "no job was given out twice");
    // Rows another transaction holds are passed over, so the last fetches may come back empty too early.
    let producer = h.producer("default").await;
    let left = h.fetch(&producer, 600).await;
    assert_eq!(distinct.len() + left.len(), stored.len(), "every job was given out");
}

async fn drain(engine: Arc<dyn Engine>, producer: QueueMeta) -> Vec<JobId> {
    let mut fetched = Vec::new();
    loop {
        let jobs = engine
            .fetch_jobs(Fetch { queue: &producer, demand: 7, after: None, acks: &[] })
            .await
            .unwrap()
            .jobs;
        if jobs.is_empty() {
            return fetched;
        }
        fetched.extend(ids(&jobs));
    }
}

/// Available jobs whose attempts are used up, with the best priority.
pub(super) async fn exhausted_available(h: &Harness, count: usize) -> Vec<JobId> {
    let stored = h.insert_all((0..count).map(|_| job())).await;
    let producer = h.producer("default").await;
    for job in h.fetch(&producer, count).await {
        assert!(h.ack(&job, Finish::Retry { delay: Duration::ZERO, error: "oops".into() }).await);
    }
    h.stage().await;
    let filter = JobFilter::ids(ids(&stored));
    let updated = h.engine.update_jobs(&filter, &JobChanges::default().max_attempts(1)).await.unwrap();
    assert!(updated.iter().all(|job| job.state == JobState::Available && job.is_exhausted()));
    ids(&stored)
}
