use std::{sync::Arc, time::Duration};

use oban_core::{Ack, Fetch, Finish, JobFilter, JobState, NewJob, Pruner, QueueSpec, SonarStatus};
use serde_json::json;

use super::{
    Cluster,
    cast::{Act, Scene},
    cluster::{PATIENCE, eventually, ids},
    faulty::Faulty,
};

pub async fn runs_a_scheduled_job_when_it_is_due(c: Cluster) {
    let oban = c.start(1).await;
    let soon = oban.insert(Act::job("soon", Scene::Complete).schedule_in("200ms")).await.unwrap();
    let later = oban.insert(Act::job("later", Scene::Complete).schedule_in("1h")).await.unwrap();
    assert_eq!((soon.state, later.state), (JobState::Scheduled, JobState::Scheduled));
    let job = c.becomes(soon.id, JobState::Completed).await;
    assert!(job.attempted_at.unwrap() >= job.scheduled_at);
    assert_eq!(c.read(later.id).await.state, JobState::Scheduled);
    oban.stop().await.unwrap();
}

pub async fn finds_work_without_notifications(c: Cluster) {
    let deaf = Arc::new(Faulty::new(Arc::clone(&c.engine)).deaf());
    let oban = c.node_on(deaf, "web.1").queue("default", 1).start().await.unwrap();
    for round in 0..3 {
        let job = oban.insert(Act::job(round.to_string(), Scene::Complete)).await.unwrap();
        c.becomes(job.id, JobState::Completed).await;
    }
    oban.stop().await.unwrap();
}

pub async fn hears_of_work_at_once(c: Cluster) {
    // Only a notification can wake the queue in time: the first look for work is over, the next is an hour away.
    let oban = c.node().queue("default", 1).stage_interval("1h").start().await.unwrap();
    eventually("notifications arrive", || async {
        let sonar = oban.sonar();
        if sonar == SonarStatus::Solitary { Ok(()) } else { Err(sonar) }
    })
    .await;
    let job = oban.insert(Act::job("a", Scene::Complete)).await.unwrap();
    c.becomes(job.id, JobState::Completed).await;
    let many =
        oban.insert_all((0..100).map(|name| Act::job(name.to_string(), Scene::Complete))).await.unwrap();
    c.count_becomes(JobState::Completed, many.len() as u64 + 1).await;
    oban.stop().await.unwrap();
}

/// A node that fetched a job and died: its heart does not beat any more.
pub(crate) async fn dead_node(c: &Cluster, job: NewJob) -> oban_core::Job {
    let spec = QueueSpec {
        instance: "Oban".into(),
        node: "dead".into(),
        queue: "default".into(),
        limit: 1,
        paused: false,
    };
    c.other.insert_jobs(None, vec![job]).await.unwrap();
    let producer = c.other.init_queue(&spec).await.unwrap();
    let fetch = Fetch { queue: &producer, demand: 1, after: None, acks: &[] };
    Arc::unwrap_or_clone(c.other.fetch_jobs(fetch).await.unwrap().jobs.remove(0))
}

pub async fn takes_over_the_jobs_of_a_dead_node(c: Cluster) {
    let orphan = dead_node(&c, Act::job("a", Scene::Complete)).await;
    let oban = c.start(1).await;
    let job = c.becomes(orphan.id, JobState::Completed).await;
    assert_eq!((job.attempt, &job.meta["rescued"]), (2, &json!(1)));
    let late = Ack::of(&orphan, Finish::Discard { error: "from the grave".into() });
    assert!(c.other.ack_jobs(&[late]).await.unwrap().is_empty(), "the dead node's outcome comes too late");
    oban.stop().await.unwrap();
}

pub async fn leaves_long_jobs_of_living_nodes_alone(c: Cluster) {
    let (one, other) = (c.start(1).await, c.other_node().queue("other", 1).start().await.unwrap());
    let job = one.insert(Act::job("long", Scene::Wait)).await.unwrap();
    c.notes.started("long").await;
    // The dead are found, so whoever is not found has been looked at.
    let orphan = dead_node(&c, Act::job("dead", Scene::Complete).queue("default")).await;
    eventually("the dead node's job is taken back", || async {
        let state = c.read(orphan.id).await.state;
        if state == JobState::Available { Ok(()) } else { Err(state) }
    })
    .await;
    assert_eq!(c.read(job.id).await.attempt, 1);
    c.notes.open_gate(1);
    assert_eq!(c.becomes(job.id, JobState::Completed).await.attempt, 1);
    tokio::try_join!(one.stop(), other.stop()).unwrap();
    assert_eq!(c.notes.book().started.iter().filter(|name| *name == "long").count(), 1);
}

pub async fn prunes_old_jobs(c: Cluster) {
    let first = c.node().queue("default", 1).without_pruner().start().await.unwrap();
    let job = first.insert(Act::job("a", Scene::Complete)).await.unwrap();
    c.becomes(job.id, JobState::Completed).await;
    first.stop().await.unwrap();
    let oban = c.node().queue("default", 1).pruner(Pruner::after("0s")).start().await.unwrap();
    eventually("it is pruned", || async {
        match oban.get_job(job.id).await.unwrap() {
            None => Ok(()),
            Some(job) => Err(job),
        }
    })
    .await;
    oban.stop().await.unwrap();
}

pub async fn one_of_two_nodes_leads(c: Cluster) {
    let (one, other) = (c.start(1).await, c.other_node().queue("default", 1).start().await.unwrap());
    eventually("one leads", || async { if one.is_leader() || other.is_leader() { Ok(()) } else { Err(()) } })
        .await;
    assert!(!(one.is_leader() && other.is_leader()));
    tokio::try_join!(one.stop(), other.stop()).unwrap();
}

pub async fn leads_only_where_queues_run(c: Cluster) {
    let inserting = c.other_node().start().await.unwrap();
    let oban = c.start(1).await;
    eventually("the node with a queue leads", || async { if oban.is_leader() { Ok(()) } else { Err(()) } })
        .await;
    assert!(!inserting.is_leader());
    inserting.stop().await.unwrap();
    oban.stop().await.unwrap();
}

pub async fn never_leads_if_told_so(c: Cluster) {
    let follower = c.other_node().queue("other", 1).without_leadership().lease("1s").start().await.unwrap();
    let oban = c.node().queue("default", 1).lease("1s").start().await.unwrap();
    eventually("another node leads", || async { if oban.is_leader() { Ok(()) } else { Err(()) } }).await;
    oban.stop().await.unwrap();
    assert_eq!(c.engine.leader("Oban").await.unwrap(), None, "it has resigned");
    // Longer than a campaign of any other node takes.
    let inserted =
        follower.insert(Act::job("a", Scene::Complete).queue("other").schedule_in("2s")).await.unwrap();
    c.becomes(inserted.id, JobState::Completed).await;
    assert_eq!(c.engine.leader("Oban").await.unwrap(), None);
    assert!(!follower.is_leader());
    follower.stop().await.unwrap();
}

pub async fn exhausted_jobs_hold_up_nobody(c: Cluster) {
    // Handed back by rescue once too often, by hand or by a foreign node: available, with no attempt left.
    let exhausted = dead_node(&c, Act::job("a", Scene::Complete).max_attempts(2)).await;
    c.engine
        .ack_jobs(&[Ack::of(&exhausted, Finish::Retry { delay: Duration::ZERO, error: "once".into() })])
        .await
        .unwrap();
    let oban = c.start(1).await;
    c.becomes(exhausted.id, JobState::Completed).await;
    let many = oban.insert_all((0..5).map(|name| Act::job(name.to_string(), Scene::Complete))).await.unwrap();
    tokio::time::timeout(PATIENCE, async {
        for id in ids(&many) {
            c.becomes(id, JobState::Completed).await;
        }
    })
    .await
    .unwrap();
    assert_eq!(oban.count_jobs(JobFilter::all().state(JobState::Available)).await.unwrap(), []);
    oban.stop().await.unwrap();
}
