use oban_core::{Finish, JobFilter, JobId, JobState, Reclaimed, Touched};

use crate::{
    Harness,
    harness::{ids, job, touched_ids},
};

pub async fn hands_back_what_the_producer_does_not_run(h: Harness) {
    h.insert_all((0..3).map(|_| job())).await;
    let producer = h.producer("default").await;
    let given = h.fetch(&producer, 3).await;
    h.advance("1s");
    let Reclaimed { jobs: mut reclaimed, gone } =
        h.engine.reclaim_jobs(&producer, &[given[1].id]).await.unwrap();
    assert_eq!(gone, []);
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
    assert_eq!(h.engine.reclaim_jobs(&producer, &[]).await.unwrap(), Reclaimed::default());
    assert_eq!(h.read(elsewhere.id).await, elsewhere);
}

pub async fn leaves_finished_jobs_alone(h: Harness) {
    h.insert_all([job(), job()]).await;
    let producer = h.producer("default").await;
    let given = h.fetch(&producer, 2).await;
    assert!(h.ack(&given[0], Finish::Complete { recorded: None }).await);
    let reclaimed = h.engine.reclaim_jobs(&producer, &[]).await.unwrap();
    assert_eq!(touched_ids(&reclaimed.jobs), [given[1].id]);
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

pub async fn tells_which_runs_are_over(h: Harness) {
    h.insert_all((0..5).map(|_| job())).await;
    let producer = h.producer("default").await;
    let mut running = ids(&h.fetch(&producer, 5).await);
    let [cancelled, deleted, retried, stays, finished] = running[..] else { panic!("five were fetched") };
    h.other.cancel_jobs(&JobFilter::ids([cancelled, deleted, retried])).await.unwrap();
    h.other.delete_jobs(&JobFilter::id(deleted)).await.unwrap();
    // Somebody else executes it now.
    h.other.retry_jobs(&JobFilter::id(retried)).await.unwrap();
    let other = h.other_producer("default").await;
    assert_eq!(ids(&h.fetch(&other, 5).await), [retried]);
    let finish = Finish::Complete { recorded: None };
    assert!(h.ack(&h.read(finished).await, finish).await);
    let unknown = JobId(finished.0 + 100);
    running.push(unknown);
    running.reverse();
    let reclaimed = h.engine.reclaim_jobs(&producer, &running).await.unwrap();
    assert_eq!(
        reclaimed,
        Reclaimed { jobs: vec![], gone: vec![cancelled, deleted, retried, finished, unknown] }
    );
    assert_eq!(h.read(stays).await.state, JobState::Executing);
    assert_eq!(h.read(retried).await.state, JobState::Executing, "it is the other's");
}
