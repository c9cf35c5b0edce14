use oban_core::{Finish, JobState, Touched};

use crate::{
    Harness,
    harness::{ids, job, touched_ids},
};

pub async fn hands_back_what_the_producer_does_not_run(h: Harness) {
    h.insert_all((0..3).map(|_| job())).await;
    let producer = h.producer("default").await;
    let given = h.fetch(&producer, 3).await;
    h.advance("1s");
    let mut reclaimed = h.engine.reclaim_jobs(&producer, &[given[1].id]).await.unwrap();
    reclaimed.sort_by_key(|touched| touched.id);
    let expected = [&given[0], &given[2]].map(|job| Touched {
        id: job.id,
        queue: "default".to_owned(),
        before: JobState::Executing,
        after: Some(JobState::Available),
    });
    assert_eq!(reclaimed, expected);
    let row = h.read(given[0].id).await;
    assert_eq!((row.state, row.attempt), (JobState::Available, 0), "the attempt is refunded");
    assert!(row.errors.is_empty());
    assert_eq!(h.read(given[1].id).await, given[1]);
    assert_eq!(ids(&h.fetch(&producer, 9).await), [given[0].id, given[2].id]);
}

pub async fn leaves_other_producers_alone(h: Harness) {
    let elsewhere = h.execute(job()).await;
    let producer = h.producer("default").await;
    assert!(h.engine.reclaim_jobs(&producer, &[]).await.unwrap().is_empty());
    assert_eq!(h.read(elsewhere.id).await, elsewhere);
}

pub async fn leaves_finished_jobs_alone(h: Harness) {
    h.insert_all([job(), job()]).await;
    let producer = h.producer("default").await;
    let given = h.fetch(&producer, 2).await;
    assert!(h.ack(&given[0], Finish::Complete { recorded: None }).await);
    let reclaimed = h.engine.reclaim_jobs(&producer, &[]).await.unwrap();
    assert_eq!(touched_ids(&reclaimed), [given[1].id]);
    assert_eq!(h.read(given[0].id).await.state, JobState::Completed);
}

pub async fn refuses_the_late_ack_of_a_reclaimed_job(h: Harness) {
    let stored = h.insert(job()).await;
    let producer = h.producer("default").await;
    let lost = h.fetch(&producer, 1).await.remove(0);
    h.engine.reclaim_jobs(&producer, &[]).await.unwrap();
    h.advance("1ms");
    let again = h.fetch(&producer, 1).await.remove(0);
    assert!(!h.ack(&lost, Finish::Complete { recorded: None }).await);
    assert_eq!(h.read(stored.id).await, again);
}
