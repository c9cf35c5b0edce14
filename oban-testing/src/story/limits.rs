use std::collections::BTreeSet;

use oban_core::{JobState, QueueOptions};

use super::{
    Cluster,
    cast::{Act, Scene},
};

pub async fn never_runs_more_than_the_limit(c: Cluster) {
    let oban = c.start(3).await;
    oban.insert_all((0..30).map(|number| Act::job(number.to_string(), Scene::Wait))).await.unwrap();
    for round in 1..=10 {
        c.notes.until("three more have started", |book| book.started.len() == round * 3).await;
        assert_eq!(oban.check_queue("default").await.unwrap().running.len(), 3);
        c.notes.open_gate(3);
    }
    c.count_becomes(JobState::Completed, 30).await;
    assert_eq!(c.notes.book().peak["default"], 3);
    oban.stop().await.unwrap();
}

pub async fn never_runs_more_than_the_limit_of_quick_jobs(c: Cluster) {
    const COUNT: usize = 1_000;
    let oban = c.start(3).await;
    oban.insert_all((0..COUNT).map(|number| Act::job(number.to_string(), Scene::Complete))).await.unwrap();
    c.count_becomes(JobState::Completed, COUNT as u64).await;
    let book = c.notes.book();
    assert_eq!((book.started.len(), book.peak["default"] <= 3), (COUNT, true), "{:?}", book.peak);
    oban.stop().await.unwrap();
}

pub async fn leaves_to_others_what_waits_behind_a_slow_job(c: Cluster) {
    let paused = QueueOptions::limit(1).paused();
    let oban = c.node().queue("default", paused).start().await.unwrap();
    let scene = |number| if number < 300 { Scene::Complete } else { Scene::Wait };
    oban.insert_all((0..330).map(|number| Act::job(number.to_string(), scene(number)))).await.unwrap();
    oban.resume_queue("default").await.unwrap();
    c.notes.started("300").await;
    let other = c.other_node().queue("default", 50).start().await.unwrap();
    c.notes.until("the other node runs the rest", |book| book.started.len() == 330).await;
    c.notes.open_gate(30);
    c.count_becomes(JobState::Completed, 330).await;
    let started = c.notes.book().started;
    assert_eq!(started.iter().collect::<BTreeSet<_>>().len(), 330, "none ran twice");
    tokio::try_join!(oban.stop(), other.stop()).unwrap();
}

pub async fn starts_by_priority_then_time_then_id(c: Cluster) {
    let oban = c.node().queue("default", QueueOptions::limit(1).paused()).start().await.unwrap();
    let acts = [("third", 1), ("first", 0), ("fourth", 1), ("second", 0)];
    oban.insert_all(acts.map(|(name, priority)| Act::job(name, Scene::Complete).priority(priority)))
        .await
        .unwrap();
    oban.resume_queue("default").await.unwrap();
    c.count_becomes(JobState::Completed, 4).await;
    assert_eq!(c.notes.book().started, ["first", "second", "third", "fourth"]);
    oban.stop().await.unwrap();
}

pub async fn runs_each_job_once_on_two_nodes(c: Cluster) {
    const COUNT: usize = 500;
    let (one, other) = (c.start(10).await, c.other_node().queue("default", 10).start().await.unwrap());
    let acts: Vec<_> = (0..COUNT).map(|number| Act::job(number.to_string(), Scene::Complete)).collect();
    for chunk in acts.chunks(50) {
        one.insert_all(chunk.to_vec()).await.unwrap();
    }
    c.count_becomes(JobState::Completed, COUNT as u64).await;
    let started = c.notes.book().started;
    assert_eq!((started.len(), started.iter().collect::<BTreeSet<_>>().len()), (COUNT, COUNT));
    tokio::try_join!(one.stop(), other.stop()).unwrap();
}

pub async fn runs_jobs_truly_in_parallel(c: Cluster) {
    let oban = c.start(2).await;
    oban.insert_all(["a", "b"].map(|name| Act::job(name, Scene::Meet(2)))).await.unwrap();
    c.count_becomes(JobState::Completed, 2).await;
    oban.stop().await.unwrap();
}

pub async fn a_waiting_queue_delays_no_other(c: Cluster) {
    let oban = c.node().queue("slow", 2).queue("default", 2).start().await.unwrap();
    oban.insert_all((0..10).map(|number| Act::job(number.to_string(), Scene::Wait).queue("slow")))
        .await
        .unwrap();
    c.notes.until("the slow queue is full", |book| book.running.get("slow") == Some(&2)).await;
    let act = oban.insert(Act::job("quick", Scene::Complete)).await.unwrap();
    c.becomes(act.id, JobState::Completed).await;
    c.notes.open_gate(10);
    c.count_becomes(JobState::Completed, 11).await;
    oban.stop().await.unwrap();
}

pub async fn a_blocking_queue_delays_no_other(c: Cluster) {
    let blocking = QueueOptions::limit(8).blocking();
    let oban = c.node().queue("blocked", blocking).queue("default", 2).start().await.unwrap();
    // More than the runtime has threads.
    oban.insert_all((0..8).map(|number| Act::job(number.to_string(), Scene::Block).queue("blocked")))
        .await
        .unwrap();
    c.notes.until("all of them block", |book| book.running.get("blocked") == Some(&8)).await;
    let act = oban.insert(Act::job("quick", Scene::Complete)).await.unwrap();
    c.becomes(act.id, JobState::Completed).await;
    c.notes.open_gate(8);
    c.count_becomes(JobState::Completed, 9).await;
    oban.stop().await.unwrap();
}
