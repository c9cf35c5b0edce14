use std::{sync::Arc, time::Duration};

use oban_core::{
    Builder, Clock, Fetch, JobFilter, JobState, Lifeline, Prune, Pruner, QueueSpec, Reindex, Reindexer,
    Rescue, chrono::TimeDelta,
};
use serde_json::json;

use super::{
    Cluster,
    cast::{Act, Notes, Scene},
    cluster::{eventually, ids},
    faulty::{Faulty, Upkeep},
};

/// Runs jobs to their ends on a node that keeps them.
async fn finish(c: &Cluster, scenes: impl IntoIterator<Item = Scene>) {
    let oban = c.node().queue("default", 10).without_pruner().start().await.unwrap();
    let jobs = scenes.into_iter().map(|scene| Act::job("a", scene));
    let count = oban.insert_all(jobs).await.unwrap().len() as u64;
    eventually("all are finished", || async {
        let finished = JobState::ALL.into_iter().filter(|state| state.is_final());
        let filter = finished.fold(JobFilter::all(), JobFilter::state);
        let found: u64 = oban.count_jobs(filter).await.unwrap().iter().map(|count| count.count).sum();
        if found == count { Ok(()) } else { Err(found) }
    })
    .await;
    oban.stop().await.unwrap();
}

/// A node of which each request for housekeeping is written down.
fn watched(c: &Cluster) -> (Arc<Faulty>, Builder<Notes>) {
    let faulty = Arc::new(Faulty::new(Arc::clone(&c.engine)));
    let node = c.node_on(Arc::clone(&faulty) as Arc<_>, "web.1");
    (faulty, node)
}

/// In this time a leader with an impatient configuration has pruned and rescued, and a reindexer was due.
async fn a_while(c: &Cluster) {
    let oban = c.node_on(Arc::clone(&c.other), "clock").name("Clock").queue("clock", 1).without_lifeline();
    let oban = oban.without_pruner().start().await.unwrap();
    let job = Act::job("tick", Scene::Complete).queue("clock").schedule_in("2500ms");
    let id = oban.insert(job).await.unwrap().id;
    c.becomes(id, JobState::Completed).await;
    oban.stop().await.unwrap();
}

/// A time of day that is just to come.
fn soon() -> String {
    let now = Clock::following_tokio().now().unwrap();
    (now + TimeDelta::milliseconds(1_500)).format("%H:%M:%S").to_string()
}

fn busy(node: Builder<Notes>) -> Builder<Notes> {
    node.pruner(Pruner::after("2d").completed("2h").keep(JobState::Discarded).limit(9).interval("20ms"))
        .lifeline(Lifeline::default().rescue_after("3h").limit(7).interval("20ms"))
        .reindexer(Reindexer::daily_at(&soon()).indexes(["oban_jobs_staging_index"]).timeout("40s"))
}

pub async fn prunes_each_state_at_its_own_age(c: Cluster) {
    finish(&c, [Scene::Complete, Scene::Cancel("no".into()), Scene::Discard("never".into())]).await;
    let pruner = Pruner::after("0s").cancelled("1h").keep(JobState::Discarded).interval("20ms");
    let oban = c.node().queue("default", 1).pruner(pruner).start().await.unwrap();
    c.count_becomes(JobState::Completed, 0).await;
    // Another one goes, so that there was time for the others to go as well.
    oban.insert(Act::job("b", Scene::Complete)).await.unwrap();
    c.notes.started("b").await;
    c.count_becomes(JobState::Available, 0).await;
    c.count_becomes(JobState::Executing, 0).await;
    c.count_becomes(JobState::Completed, 0).await;
    assert_eq!((c.count(JobState::Cancelled).await, c.count(JobState::Discarded).await), (1, 1));
    oban.stop().await.unwrap();
}

pub async fn drains_a_backlog_in_small_batches(c: Cluster) {
    finish(&c, (0..25).map(|_| Scene::Complete)).await;
    let (faulty, node) = watched(&c);
    let pruner = Pruner::after("0s").limit(4).interval("1h");
    let oban = node.queue("default", 1).without_lifeline().pruner(pruner).start().await.unwrap();
    c.count_becomes(JobState::Completed, 0).await;
    oban.stop().await.unwrap();
    // Six times four, and what is left; one more look comes with the begin of its leadership.
    let looks = faulty.upkeep().len();
    assert!((7..=8).contains(&looks), "{looks} looks for 25 jobs");
}

pub async fn drains_a_backlog_that_the_store_takes_in_small_batches_only(c: Cluster) {
    finish(&c, (0..10).map(|_| Scene::Complete)).await;
    let (faulty, node) = watched(&c);
    faulty.prune_at_most(3);
    let oban = node.queue("default", 1).pruner(Pruner::after("0s").limit(100).interval("20ms"));
    let oban = oban.start().await.unwrap();
    c.count_becomes(JobState::Completed, 0).await;
    oban.stop().await.unwrap();
}

pub async fn asks_as_it_is_told(c: Cluster) {
    let (faulty, node) = watched(&c);
    let oban = busy(node).queue("default", 1).start().await.unwrap();
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    let prune = Prune {
        completed_after: Some(hours(2)),
        cancelled_after: Some(hours(48)),
        discarded_after: None,
        limit: 9,
    };
    let rescue = Rescue { stale_after: Duration::from_secs(1), rescue_after: hours(3), limit: 7 };
    for wanted in [Upkeep::Prune(prune), Upkeep::Rescue(rescue)] {
        eventually("it is asked for again and again", || async {
            let upkeep = faulty.upkeep();
            let count = upkeep.iter().filter(|asked| **asked == wanted).count();
            if count >= 3 { Ok(()) } else { Err(upkeep) }
        })
        .await;
    }
    oban.stop().await.unwrap();
}

pub async fn does_nothing_that_is_switched_off(c: Cluster) {
    let (faulty, node) = watched(&c);
    let oban = busy(node).without_pruner().without_lifeline().without_reindexer().queue("default", 1);
    let oban = oban.start().await.unwrap();
    a_while(&c).await;
    assert!(oban.is_leader());
    assert_eq!(faulty.upkeep(), []);
    oban.stop().await.unwrap();
}

pub async fn does_nothing_on_a_node_that_only_inserts(c: Cluster) {
    let (faulty, node) = watched(&c);
    let oban = busy(node).start().await.unwrap();
    oban.insert(Act::job("a", Scene::Complete)).await.unwrap();
    a_while(&c).await;
    assert!(!oban.is_leader());
    assert_eq!(faulty.upkeep(), []);
    oban.stop().await.unwrap();
}

pub async fn takes_back_all_the_jobs_of_a_dead_node_in_batches(c: Cluster) {
    let (instance, node, queue) = ("Oban".to_owned(), "dead".to_owned(), "default".to_owned());
    let producer =
        c.other.init_queue(&QueueSpec { instance, node, queue, limit: 10, paused: false }).await.unwrap();
    let jobs = (0..10).map(|name| Act::job(name.to_string(), Scene::Complete)).collect();
    let orphans = c.other.insert_jobs(None, jobs).await.unwrap();
    let fetch = Fetch { queue: &producer, demand: 10, after: None, acks: &[] };
    assert_eq!(c.other.fetch_jobs(fetch).await.unwrap().jobs.len(), 10);
    let lifeline = Lifeline::default().interval("1500ms").limit(3);
    let oban = c.node().lifeline(lifeline).queue("default", 10).start().await.unwrap();
    for id in ids(&orphans) {
        assert_eq!(c.becomes(id, JobState::Completed).await.meta["rescued"], json!(1));
    }
    oban.stop().await.unwrap();
}

pub async fn reindexes_by_schedule_where_it_leads(c: Cluster) {
    let (faulty, node) = watched(&c);
    let oban = busy(node).queue("default", 1).start().await.unwrap();
    let wanted = Upkeep::Reindex(Reindex {
        indexes: vec!["oban_jobs_staging_index".to_owned()],
        timeout: Duration::from_secs(40),
    });
    let count = || faulty.upkeep().iter().filter(|asked| **asked == wanted).count();
    eventually("it is time", || async { if count() == 1 { Ok(()) } else { Err(faulty.upkeep().len()) } })
        .await;
    let job = oban.insert(Act::job("a", Scene::Complete)).await.unwrap();
    c.becomes(job.id, JobState::Completed).await;
    oban.stop().await.unwrap();
    assert_eq!(count(), 1, "once a day");
}

pub async fn works_through_a_large_selection(c: Cluster) {
    let (faulty, node) = watched(&c);
    let oban = node.start().await.unwrap();
    let stored = ids(&oban.insert_all((0..2_500).map(|_| Act::job("a", Scene::Complete))).await.unwrap());
    let all = || JobFilter::worker("Act");

    let updated = oban.update_all(all().limit(1_700), |job| job.priority(5)).await.unwrap();
    assert_eq!(updated.iter().map(|job| job.id).collect::<Vec<_>>(), stored[..1_700]);
    let updated = oban.update_all(all(), |job| job.schedule_in("1h").tags(["late"])).await.unwrap();
    assert_eq!(updated.iter().map(|job| job.id).collect::<Vec<_>>(), stored);
    let prioritized = oban.jobs(JobFilter::all().tag("late")).await.unwrap();
    assert_eq!(prioritized.iter().filter(|job| job.priority == 5).count(), 1_700);

    // As often as once is enough, in any order.
    let twice = JobFilter::ids(stored.iter().rev().chain(&stored).copied());
    assert_eq!(oban.cancel_all(twice.clone().limit(2_001)).await.unwrap().len(), 2_001);
    assert_eq!(c.count(JobState::Cancelled).await, 2_001);
    assert_eq!(oban.retry_all(all().state(JobState::Cancelled)).await.unwrap().len(), 2_001);
    assert_eq!(oban.delete_all(JobFilter::all().limit(0)).await.unwrap(), []);
    assert_eq!(oban.delete_all(twice).await.unwrap().len(), 2_500);
    assert_eq!(oban.jobs(JobFilter::all()).await.unwrap(), []);
    assert_eq!(faulty.largest_answer(), 1_000, "no statement does more");
    oban.stop().await.unwrap();
}
