use oban_core::{JobFilter, JobState, Touched};

use crate::{
    Harness,
    harness::{ids, job, touched_ids},
};

pub async fn deletes_jobs_in_any_other_state(h: Harness) {
    for state in JobState::ALL {
        if matches!(state, JobState::Suspended | JobState::Executing) {
            continue;
        }
        let row = h.job_in(state).await;
        let touched = h.engine.delete_jobs(&JobFilter::id(row.id)).await.unwrap();
        assert_eq!(touched, [Touched { id: row.id, queue: row.queue, before: state, after: None }]);
        assert_eq!(h.find(row.id).await, None);
    }
}

pub async fn spares_executing_jobs(h: Harness) {
    let running = h.execute(job()).await;
    assert!(h.engine.delete_jobs(&JobFilter::all()).await.unwrap().is_empty());
    assert_eq!(h.read(running.id).await, running);
}

pub async fn counts_its_limit_by_lowest_id(h: Harness) {
    h.execute(job()).await;
    let stored = h.insert_all([job().priority(9), job(), job()]).await;
    let touched = h.engine.delete_jobs(&JobFilter::all().limit(2)).await.unwrap();
    assert_eq!(touched_ids(&touched), ids(&stored[..2]), "jobs it leaves alone do not count");
    assert_eq!(h.read(stored[2].id).await, stored[2]);
}

pub async fn selects_by_all_conditions_together(h: Harness) {
    let (wanted, filter) = h.one_among_many().await;
    assert_eq!(touched_ids(&h.engine.delete_jobs(&filter).await.unwrap()), [wanted.id]);
}

pub async fn selects_nothing_by_an_empty_list(h: Harness) {
    let stored = h.insert(job()).await;
    for filter in [JobFilter::ids(Vec::<i64>::new()), JobFilter::all().limit(0)] {
        assert!(h.engine.delete_jobs(&filter).await.unwrap().is_empty(), "{filter:?}");
    }
    assert_eq!(h.read(stored.id).await, stored);
}

pub async fn never_reuses_an_id(h: Harness) {
    let first = h.insert_all([job(), job()]).await;
    h.engine.delete_jobs(&JobFilter::all()).await.unwrap();
    let next = h.insert(job()).await;
    assert!(next.id > first[1].id, "an old run could finish another's job");
}
