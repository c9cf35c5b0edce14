use oban_core::{Channel, JobState};

use crate::{Harness, harness::job};

pub async fn announces_each_queue_with_work_once(h: Harness) {
    h.insert_all((0..50).map(|_| job().queue("b"))).await;
    h.insert_all([job().queue("it's \"ü\""), job().queue("a"), job().queue("later").schedule_in("1h")]).await;
    h.job_in(JobState::Executing).await;
    h.job_in(JobState::Completed).await;
    let mut ear = h.other_ear(Channel::Insert).await;
    let queues = h.engine.announce_queues().await.unwrap();
    assert_eq!(queues, ["a", "b", "it's \"ü\""]);
    assert_eq!(ear.queues().await, queues);
}

pub async fn announces_nothing_without_work(h: Harness) {
    h.job_in(JobState::Scheduled).await;
    let mut ear = h.other_ear(Channel::Insert).await;
    assert!(h.engine.announce_queues().await.unwrap().is_empty());
    assert!(ear.heard().await.is_empty());
}
