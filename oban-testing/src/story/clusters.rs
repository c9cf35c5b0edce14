use std::sync::Arc;

use oban_core::{
    Channel, JobState, NewJob, Notifier, Oban, Scope, SonarStatus,
    telemetry::{Event, PeerEvent},
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{
    Cluster,
    cast::{Act, Scene},
    cluster::eventually,
    faulty::Faulty,
    witness::Witness,
};
use crate::{Ear, Memory};

async fn becomes(oban: &Oban, status: SonarStatus) {
    eventually(&format!("it is {status:?}"), || async {
        let sonar = oban.sonar();
        if sonar == status { Ok(()) } else { Err(sonar) }
    })
    .await;
}

async fn leads(oban: &Oban) {
    eventually("it leads", || async { if oban.is_leader() { Ok(()) } else { Err(()) } }).await;
}

pub async fn tells_two_processes_of_one_name_apart(c: Cluster) {
    let one = c.node().queue("default", 1).start().await.unwrap();
    becomes(&one, SonarStatus::Solitary).await;
    let twin = c.node_on(Arc::clone(&c.other), "web.1").queue("default", 1).start().await.unwrap();
    becomes(&one, SonarStatus::Clustered).await;
    becomes(&twin, SonarStatus::Clustered).await;
    let uuids =
        [one.check_queue("default").await.unwrap().uuid, twin.check_queue("default").await.unwrap().uuid];
    assert_ne!(uuids[0], uuids[1]);
    one.pause_queue(("default", Scope::Node("web.1"))).await.unwrap();
    eventually("both obey to their name", || async {
        if twin.check_queue("default").await.unwrap().paused { Ok(()) } else { Err(()) }
    })
    .await;
    eventually("one leads", || async { if one.is_leader() || twin.is_leader() { Ok(()) } else { Err(()) } })
        .await;
    assert!(!(one.is_leader() && twin.is_leader()));
    tokio::try_join!(one.stop(), twin.stop()).unwrap();
}

pub async fn keeps_instances_of_other_names_apart(c: Cluster) {
    let one = c.node().queue("default", 1).start().await.unwrap();
    let other = c.other_node().name("Reports").node("web.1").queue("default", 1).start().await.unwrap();
    leads(&one).await;
    leads(&other).await;
    becomes(&other, SonarStatus::Clustered).await;
    one.pause_queue(("default", Scope::Node("web.1"))).await.unwrap();
    // What it has heard by then, it has obeyed: "all nodes" are those of every name.
    one.scale_queue("default", 4).await.unwrap();
    eventually("it is scaled", || async {
        let info = other.check_queue("default").await.unwrap();
        if info.limit == 4 { Ok(()) } else { Err(info) }
    })
    .await;
    assert!(!other.check_queue("default").await.unwrap().paused, "it was for a node of another instance");
    one.stop().await.unwrap();
    assert!(other.is_leader());
    let job = other.insert(Act::job("a", Scene::Complete)).await.unwrap();
    c.becomes(job.id, JobState::Completed).await;
    other.stop().await.unwrap();
}

pub async fn announces_work_to_nodes_of_other_languages(c: Cluster) {
    let oban = c.node().queue("default", 1).start().await.unwrap();
    leads(&oban).await;
    becomes(&oban, SonarStatus::Solitary).await;
    let foreign = NewJob::new("MyApp.Mailer", json!({})).queue("foreign");
    c.engine.insert_jobs(None, vec![foreign]).await.unwrap();
    let mut ear = Ear::new(Arc::clone(&c.other), Channel::Insert).await;
    // Each round of the stager tells this one where it has been.
    let staged = |name: &str| Act::job(name, Scene::Complete).schedule_in("1ms");
    let round = oban.insert(staged("round")).await.unwrap();
    c.becomes(round.id, JobState::Completed).await;
    assert!(!ear.queues().await.contains(&"foreign".to_owned()), "nobody relies on it");
    c.other.notify(Channel::Sonar, &[json!({"node": "ex1", "ping": true})]).await.unwrap();
    becomes(&oban, SonarStatus::Clustered).await;
    let mut rounds = 0;
    while rounds < 3 {
        rounds += ear.queues().await.iter().filter(|queue| *queue == "foreign").count();
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    oban.stop().await.unwrap();
}

pub async fn gossips_about_its_queues(c: Cluster) {
    let mut ear = Ear::new(Arc::clone(&c.other), Channel::Gossip).await;
    let oban = c.node().name("MyApp.Oban").queue("default", 3).gossip("20ms").start().await.unwrap();
    let job = oban.insert(Act::job("a", Scene::Wait)).await.unwrap();
    c.notes.started("a").await;
    oban.pause_queue(("default", Scope::Local)).await.unwrap();
    let info = oban.check_queue("default").await.unwrap();
    let expected = json!({"checks": [{
        "limit": 3,
        "name": "MyApp.Oban",
        "node": "web.1",
        "paused": true,
        "queue": "default",
        "running": [job.id],
        "shutdown_started_at": null,
        "started_at": info.started_at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
        "uuid": info.uuid.to_string(),
    }]});
    loop {
        let heard = ear.heard().await;
        if heard.last() == Some(&expected) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    c.notes.open_gate(1);
    oban.stop().await.unwrap();
}

/// The lease is so long that nothing but the gap can make it campaign again.
pub async fn campaigns_again_after_a_gap(c: Cluster) {
    let leader = c.node().queue("default", 1).lease("1h").start().await.unwrap();
    leads(&leader).await;
    let (notifier, witness) = (Memory::new(), Witness::new());
    let deaf = Arc::new(Faulty::new(Arc::clone(&c.other)).deaf());
    let node = c.node_on(deaf, "web.2").queue("other", 1).lease("1h").telemetry(witness.clone());
    let follower = node.notifier(notifier.clone()).start().await.unwrap();
    witness
        .hears("it has lost an election", |event| {
            matches!(event, Event::Peer(PeerEvent::Campaigned { leads: false, .. })).then_some(())
        })
        .await;
    leader.stop().await.unwrap();
    // Tells everybody who listens that hints may have been missed.
    let stopped = CancellationToken::new();
    stopped.cancel();
    notifier.run(stopped).await.unwrap();
    leads(&follower).await;
    follower.stop().await.unwrap();
}

pub async fn hears_by_another_notifier(c: Cluster) {
    // Only the notifier can wake these queues in time: the engines are deaf, and the next look for work is an hour away.
    let notifier = Memory::new();
    let start = |engine: &Arc<dyn oban_core::Engine>, node: &str| {
        let deaf = Arc::new(Faulty::new(Arc::clone(engine)).deaf());
        let node = c.node_on(deaf, node).stage_interval("1h").stale_after("1h").notifier(notifier.clone());
        node.queue("default", 1).start()
    };
    let (one, other) = tokio::try_join!(start(&c.engine, "web.1"), start(&c.other, "web.2")).unwrap();
    becomes(&one, SonarStatus::Clustered).await;
    becomes(&other, SonarStatus::Clustered).await;
    one.pause_queue(("default", Scope::Local)).await.unwrap();
    let job = one.insert(Act::job("a", Scene::Complete)).await.unwrap();
    c.becomes(job.id, JobState::Completed).await;
    let obeys = one.insert(Act::job("b", Scene::Obey)).await.unwrap();
    c.notes.started("b").await;
    one.cancel_job(obeys.id).await.unwrap();
    c.notes.until("it saw its cancellation", |book| book.cancelled == ["b"]).await;
    one.retry_job(obeys.id).await.unwrap();
    c.notes.until("it was told again", |book| book.started.len() == 3).await;
    one.cancel_job(obeys.id).await.unwrap();
    one.stop_queue("default").await.unwrap();
    eventually("the other has stopped it too", || async {
        other.check_queue("default").await.map_or(Ok(()), Err)
    })
    .await;
    tokio::try_join!(one.stop(), other.stop()).unwrap();
}
