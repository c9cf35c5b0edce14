use oban_core::{JobChanges, JobCount, JobFilter, JobId, JobState, NewJob};
use serde_json::json;

use crate::{
    Harness,
    harness::{ids, job, touched_ids},
};

async fn list(h: &Harness, filter: JobFilter) -> Vec<JobId> {
    ids(&h.engine.list_jobs(&filter).await.unwrap())
}

pub async fn is_ready(h: Harness) {
    h.engine.verify().await.unwrap();
    h.other.verify().await.unwrap();
    assert!(!h.engine.capabilities().name.is_empty());
    assert_eq!(h.engine.capabilities(), h.other.capabilities());
}

pub async fn lists_by_lowest_id(h: Harness) {
    let stored = h.insert_all((0..20).map(|n| job().priority((n * 7) % 10))).await;
    assert_eq!(h.engine.list_jobs(&JobFilter::all()).await.unwrap(), stored);
    assert_eq!(list(&h, JobFilter::all().limit(3)).await, ids(&stored[..3]));
    let backwards = stored.iter().rev().map(|job| job.id);
    assert_eq!(list(&h, JobFilter::ids(backwards)).await, ids(&stored), "whatever the order of the ids");
}

pub async fn lists_each_job_once(h: Harness) {
    let stored = h.insert(job().tag("a").tag("b")).await;
    let filter =
        JobFilter::ids([stored.id, stored.id]).in_queue("default").in_queue("default").tag("a").tag("a");
    assert_eq!(list(&h, filter).await, [stored.id]);
}

pub async fn lists_by_every_condition(h: Harness) {
    let stored = h
        .insert_all([
            job().queue("a").tag("x"),
            job().queue("b").tag("x").tag("y"),
            job().queue("a").tag("y").schedule_in("1h"),
            NewJob::new("Other", json!({})).queue("c").tag("x y"),
        ])
        .await;
    let [a, b, c, d] = [0, 1, 2, 3].map(|place: usize| stored[place].id);
    for (filter, expected) in [
        (JobFilter::all(), vec![a, b, c, d]),
        (JobFilter::queue("a"), vec![a, c]),
        (JobFilter::queue("a").in_queue("c"), vec![a, c, d]),
        (JobFilter::worker("Other"), vec![d]),
        (JobFilter::worker("other"), vec![]),
        (JobFilter::all().tag("x"), vec![a, b]),
        (JobFilter::all().tag("x").tag("y"), vec![b]),
        (JobFilter::all().tag("x y"), vec![d]),
        (JobFilter::all().state(JobState::Scheduled), vec![c]),
        (JobFilter::all().state(JobState::Scheduled).state(JobState::Available), vec![a, b, c, d]),
        (JobFilter::queue("a").state(JobState::Available).tag("x"), vec![a]),
        (JobFilter::ids([a, b, d]).in_queue("b").in_queue("c"), vec![b, d]),
        (JobFilter::queue("a").limit(1), vec![a]),
        (JobFilter::all().tag("x").limit(9), vec![a, b]),
        (JobFilter::queue("a").in_queue("b").tag("z"), vec![]),
        (JobFilter::ids(Vec::<JobId>::new()), vec![]),
        (JobFilter::all().limit(0), vec![]),
        (JobFilter::id(JobId(i64::MAX)), vec![]),
        (JobFilter::id(JobId(-1)), vec![]),
    ] {
        assert_eq!(list(&h, filter.clone()).await, expected, "{filter:?}");
    }
}

pub async fn lists_page_by_page(h: Harness) {
    let mut stored = h.insert_all((0..9).map(|n| job().queue(if n % 3 == 2 { "b" } else { "a" }))).await;
    stored.retain(|job| job.queue == "a");
    for filter in [
        JobFilter::queue("a"),
        JobFilter::queue("a").state(JobState::Available),
        JobFilter::queue("a").state(JobState::Available).state(JobState::Completed),
        JobFilter::ids(ids(&stored)),
    ] {
        let (mut pages, mut page) = (Vec::new(), list(&h, filter.clone().limit(4)).await);
        while let Some(last) = page.last().copied() {
            pages.extend(page);
            page = list(&h, filter.clone().above(last).limit(4)).await;
        }
        assert_eq!(pages, ids(&stored), "{filter:?}");
    }
    let above = JobFilter::all().above(stored[3].id);
    let counts = h.engine.count_jobs(&above).await.unwrap();
    assert_eq!(counts.iter().map(|count| count.count).sum::<u64>(), 4);
    assert_eq!(h.engine.count_jobs(&above.limit(100)).await.unwrap(), counts);
}

pub async fn acts_above_an_id(h: Harness) {
    let stored = h.insert_all((0..4).map(|_| job())).await;
    let above = |place: usize| JobFilter::all().above(stored[place].id);
    let updated = h.engine.update_jobs(&above(1), &JobChanges::default().priority(4)).await.unwrap();
    assert_eq!(ids(&updated), ids(&stored[2..]));
    assert_eq!(touched_ids(&h.engine.cancel_jobs(&above(0)).await.unwrap()), ids(&stored[1..]));
    assert_eq!(touched_ids(&h.engine.retry_jobs(&above(2)).await.unwrap()), ids(&stored[3..]));
    assert_eq!(touched_ids(&h.engine.delete_jobs(&above(0)).await.unwrap()), ids(&stored[1..]));
    assert_eq!(list(&h, JobFilter::all()).await, ids(&stored[..1]));
}

pub async fn takes_patterns_literally(h: Harness) {
    let stored = h.insert_all(["a_b", "axb", "a%", "a'b"].map(|name| job().queue(name).tag(name))).await;
    assert_eq!(list(&h, JobFilter::queue("a_b")).await, [stored[0].id]);
    assert_eq!(list(&h, JobFilter::all().tag("a_b")).await, [stored[0].id]);
    assert_eq!(list(&h, JobFilter::queue("a%")).await, [stored[2].id]);
    assert_eq!(list(&h, JobFilter::all().tag("a'b")).await, [stored[3].id]);
    assert_eq!(list(&h, JobFilter::queue("*")).await, []);
}

pub async fn lists_jobs_in_every_state(h: Harness) {
    for state in JobState::ALL {
        if state != JobState::Suspended {
            let row = h.job_in(state).await;
            assert_eq!(h.other.list_jobs(&JobFilter::all().state(state)).await.unwrap(), [row]);
        }
    }
    assert_eq!(list(&h, JobFilter::all().state(JobState::Suspended)).await, []);
}

pub async fn counts_by_queue_and_state(h: Harness) {
    assert!(count(&h, JobFilter::all()).await.is_empty());
    for state in [JobState::Cancelled, JobState::Retryable, JobState::Scheduled, JobState::Completed] {
        let row = h.job_in(state).await;
        let into_one = JobChanges::default().queue("every");
        h.engine.update_jobs(&JobFilter::id(row.id), &into_one).await.unwrap();
    }
    h.insert_all(["b", "every", "a", "b"].map(|queue| job().queue(queue).tag(queue))).await;
    let expected = [
        ("a", JobState::Available, 1),
        ("b", JobState::Available, 2),
        ("every", JobState::Scheduled, 1),
        ("every", JobState::Available, 1),
        ("every", JobState::Retryable, 1),
        ("every", JobState::Completed, 1),
        ("every", JobState::Cancelled, 1),
    ];
    assert_eq!(
        count(&h, JobFilter::all()).await,
        expected,
        "sorted by queue, then by the order of a job's life"
    );
    assert_eq!(count(&h, JobFilter::queue("b")).await, [("b", JobState::Available, 2)]);
    assert_eq!(count(&h, JobFilter::all().tag("a")).await, [("a", JobState::Available, 1)]);
    let states = JobFilter::all().state(JobState::Completed).state(JobState::Scheduled);
    assert_eq!(
        count(&h, states).await,
        [("every", JobState::Scheduled, 1), ("every", JobState::Completed, 1)]
    );
    assert!(count(&h, JobFilter::ids(Vec::<JobId>::new())).await.is_empty());
}

pub async fn counts_no_more_than_its_limit_of_each_state(h: Harness) {
    for state in [JobState::Cancelled, JobState::Executing, JobState::Retryable, JobState::Completed] {
        h.job_in(state).await;
    }
    let stored = h.insert_all(["b", "b", "a", "a", "a"].map(|queue| job().queue(queue).tag(queue))).await;
    h.insert_all(["a", "b", "c"].map(|queue| job().queue(queue).schedule_in("1h"))).await;

    for limit in 0..7 {
        let counts = h.other.count_jobs(&JobFilter::all().limit(limit)).await.unwrap();
        for (state, jobs) in [
            (JobState::Suspended, 0),
            (JobState::Scheduled, 3),
            (JobState::Available, 5),
            (JobState::Executing, 1),
            (JobState::Retryable, 1),
            (JobState::Completed, 1),
            (JobState::Discarded, 0),
            (JobState::Cancelled, 1),
        ] {
            let counted: Vec<u64> =
                counts.iter().filter(|count| count.state == state).map(|count| count.count).collect();
            let expected = u64::try_from(limit.min(jobs)).unwrap();
            assert_eq!(counted.iter().sum::<u64>(), expected, "{state} up to {limit}");
            assert!(!counted.contains(&0), "{state} up to {limit}: {counts:?}");
        }
        assert!(counts.is_sorted(), "{counts:?}");
    }

    for (filter, expected) in [
        (JobFilter::queue("a").state(JobState::Available).limit(2), vec![("a", JobState::Available, 2)]),
        (JobFilter::all().tag("b").limit(2), vec![("b", JobState::Available, 2)]),
        (JobFilter::all().tag("b").limit(3), vec![("b", JobState::Available, 2)]),
        (
            JobFilter::queue("c")
                .in_queue("a")
                .state(JobState::Executing)
                .state(JobState::Scheduled)
                .limit(9),
            vec![("a", JobState::Scheduled, 1), ("c", JobState::Scheduled, 1)],
        ),
        (JobFilter::ids(ids(&stored[..2])).limit(1), vec![("b", JobState::Available, 1)]),
        (JobFilter::ids(ids(&stored[..2])).state(JobState::Completed).limit(1), vec![]),
        (JobFilter::ids(Vec::<JobId>::new()).limit(1), vec![]),
    ] {
        assert_eq!(count(&h, filter.clone()).await, expected, "{filter:?}");
    }
}

async fn count(h: &Harness, filter: JobFilter) -> Vec<Count> {
    let counts = h.other.count_jobs(&filter).await.unwrap();
    counts.into_iter().map(Count).collect()
}

#[derive(Debug)]
struct Count(JobCount);

impl PartialEq<(&str, JobState, u64)> for Count {
    fn eq(&self, (queue, state, count): &(&str, JobState, u64)) -> bool {
        self.0.queue == *queue && self.0.state == *state && self.0.count == *count
    }
}
