use std::sync::Arc;

use oban_core::{Channel, ErrorKind, JobFilter, JobState, Oban, QueueOptions, Scope, SonarStatus};
use serde_json::json;

use super::{
    Cluster,
    cast::{Act, Scene},
    cluster::eventually,
    faulty::Faulty,
};

/// Two nodes that hear each other, with the queues `default` and `other`.
async fn two_nodes(c: &Cluster) -> (Oban, Oban) {
    let start = |node: oban_core::Builder<_>| node.queue("default", 2).queue("other", 2).start();
    let (one, other) = tokio::try_join!(start(c.node()), start(c.other_node())).unwrap();
    for node in [&one, &other] {
        hears_others(node).await;
    }
    (one, other)
}

async fn hears_others(oban: &Oban) {
    eventually("it hears others", || async {
        let sonar = oban.sonar();
        if sonar == SonarStatus::Clustered { Ok(()) } else { Err(sonar) }
    })
    .await;
}

/// Waits until a queue has this limit.
async fn is_scaled(oban: &Oban, queue: &str, limit: usize) {
    eventually("it is scaled", || async {
        let info = oban.check_queue(queue).await.unwrap();
        if info.limit == limit { Ok(()) } else { Err(info) }
    })
    .await;
}

/// Waits until a queue is paused, or is not.
async fn is_paused(oban: &Oban, queue: &str, paused: bool) {
    eventually("it is paused or not", || async {
        let info = oban.check_queue(queue).await.unwrap();
        if info.paused == paused { Ok(()) } else { Err(info) }
    })
    .await;
}

async fn stop(one: Oban, other: Oban) {
    tokio::try_join!(one.stop(), other.stop()).unwrap();
}

pub async fn pauses_and_resumes_a_queue_everywhere(c: Cluster) {
    let (one, other) = two_nodes(&c).await;
    let operator = c.node_on(Arc::clone(&c.engine), "console").start().await.unwrap();
    operator.pause_queue("default").await.unwrap();
    for node in [&one, &other] {
        is_paused(node, "default", true).await;
        assert!(!node.check_queue("other").await.unwrap().paused);
    }
    let paused = operator.insert(Act::job("paused", Scene::Complete)).await.unwrap();
    let runs = operator.insert(Act::job("runs", Scene::Complete).queue("other")).await.unwrap();
    c.becomes(runs.id, JobState::Completed).await;
    assert_eq!(c.read(paused.id).await.state, JobState::Available);
    one.resume_queue("default").await.unwrap();
    assert!(!one.check_queue("default").await.unwrap().paused, "at once here");
    is_paused(&other, "default", false).await;
    c.becomes(paused.id, JobState::Completed).await;
    operator.stop().await.unwrap();
    stop(one, other).await;
}

pub async fn scales_a_queue_everywhere(c: Cluster) {
    let (one, other) = two_nodes(&c).await;
    one.scale_queue("default", 7).await.unwrap();
    assert_eq!(one.check_queue("default").await.unwrap().limit, 7, "at once here");
    is_scaled(&other, "default", 7).await;
    assert_eq!(other.check_queue("other").await.unwrap().limit, 2);
    stop(one, other).await;
}

pub async fn commands_one_node(c: Cluster) {
    let (one, other) = two_nodes(&c).await;
    one.pause_queue(("default", Scope::Node("web.2"))).await.unwrap();
    one.scale_queue(("default", Scope::Node("web.2")), 3).await.unwrap();
    one.pause_queue(("default", Scope::Node("web.3"))).await.unwrap();
    is_paused(&other, "default", true).await;
    is_scaled(&other, "default", 3).await;
    // What it has heard by then, it has obeyed.
    other.scale_queue("other", 5).await.unwrap();
    is_scaled(&one, "other", 5).await;
    let info = one.check_queue("default").await.unwrap();
    assert!(!info.paused && info.limit == 2, "{info:?}");
    stop(one, other).await;
}

pub async fn commands_this_node_alone(c: Cluster) {
    let (one, other) = two_nodes(&c).await;
    one.pause_queue(("default", Scope::Local)).await.unwrap();
    one.pause_all_queues(Scope::Local).await.unwrap();
    one.scale_queue(("default", Scope::Local), 9).await.unwrap();
    one.start_queue(("late", Scope::Local), 1).await.unwrap();
    one.scale_queue("other", 5).await.unwrap();
    is_scaled(&other, "other", 5).await;
    let infos = other.check_all_queues().await.unwrap();
    assert_eq!(infos.len(), 2, "{infos:?}");
    assert!(infos.iter().all(|info| !info.paused && info.limit != 9), "{infos:?}");
    let (info, late) = (one.check_queue("default").await.unwrap(), one.check_queue("late").await.unwrap());
    assert!(info.paused && info.limit == 9 && !late.paused, "{info:?} {late:?}");
    stop(one, other).await;
}

pub async fn starts_and_stops_a_queue_everywhere(c: Cluster) {
    let (one, other) = two_nodes(&c).await;
    one.start_queue("late", QueueOptions::limit(3).paused()).await.unwrap();
    eventually("it runs there too", || other.check_queue("late")).await;
    let info = other.check_queue("late").await.unwrap();
    assert!(info.paused && info.limit == 3 && info.node == "web.2", "{info:?}");
    assert_ne!(info.uuid, one.check_queue("late").await.unwrap().uuid);
    one.start_queue("late", 9).await.unwrap();
    assert_eq!(one.check_queue("late").await.unwrap().limit, 3, "it runs already");
    other.stop_queue("late").await.unwrap();
    assert_eq!(other.check_queue("late").await.unwrap_err().kind(), ErrorKind::NotFound);
    eventually("it has stopped there too", || async { one.check_queue("late").await.map_or(Ok(()), Err) })
        .await;
    stop(one, other).await;
}

pub async fn pauses_and_resumes_all_queues(c: Cluster) {
    let (one, other) = two_nodes(&c).await;
    one.pause_all_queues(Scope::All).await.unwrap();
    for queue in ["default", "other"] {
        assert!(one.check_queue(queue).await.unwrap().paused);
        is_paused(&other, queue, true).await;
    }
    one.resume_all_queues(Scope::Node("web.2")).await.unwrap();
    for queue in ["default", "other"] {
        is_paused(&other, queue, false).await;
    }
    assert!(one.check_all_queues().await.unwrap().iter().all(|info| info.paused));
    stop(one, other).await;
}

pub async fn its_own_commands_hold_though_heard_late(c: Cluster) {
    let (one, other) = two_nodes(&c).await;
    for round in 1..=20 {
        one.pause_queue("default").await.unwrap();
        one.scale_queue("default", round).await.unwrap();
        one.resume_queue("default").await.unwrap();
        one.scale_queue("default", 50).await.unwrap();
        let info = one.check_queue("default").await.unwrap();
        assert!(!info.paused && info.limit == 50, "undone by an echo in round {round}: {info:?}");
        one.start_queue("late", 1).await.unwrap();
        one.stop_queue("late").await.unwrap();
        one.check_queue("late").await.unwrap_err();
    }
    is_scaled(&other, "default", 50).await;
    is_paused(&other, "default", false).await;
    one.check_queue("late").await.unwrap_err();
    stop(one, other).await;
}

pub async fn obeys_though_nobody_can_be_told(c: Cluster) {
    let faulty = Arc::new(Faulty::new(Arc::clone(&c.engine)));
    let oban = c.node_on(Arc::clone(&faulty) as _, "web.1").queue("default", 1).start().await.unwrap();
    faulty.mute();
    let error = oban.pause_queue("default").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("other nodes"), "{error}");
    assert!(oban.check_queue("default").await.unwrap().paused);
    oban.resume_queue(("default", Scope::Local)).await.unwrap();
    assert!(!oban.check_queue("default").await.unwrap().paused);
    oban.stop().await.unwrap();
}

pub async fn refuses_commands_that_make_no_sense(c: Cluster) {
    let oban = c.start(1).await;
    for (error, part) in [
        (oban.pause_queue(" ").await, "blank"),
        (oban.pause_queue("*").await, "pause_all_queues"),
        (oban.resume_queue(("default", Scope::Node(""))).await, "node"),
        (oban.pause_all_queues(Scope::Node("")).await, "node"),
        (oban.scale_queue("default", 0).await, "limit 0"),
        (oban.start_queue("late", usize::MAX).await, "limit"),
        (oban.start_queue("late", QueueOptions::limit(1).blocking()).await, "Scope::Local"),
        (oban.start_queue("late", QueueOptions::limit(1).without_read_ahead()).await, "without_read_ahead()"),
    ] {
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    oban.stop_queue("elsewhere").await.unwrap();
    oban.stop().await.unwrap();
}

pub async fn ignores_what_it_cannot_obey(c: Cluster) {
    let oban = c.start(2).await;
    let before = oban.check_queue("default").await.unwrap();
    let nonsense = [
        json!({}),
        json!({"action": "pause"}),
        json!({"action": "dance", "queue": "default"}),
        json!({"action": "pause", "queue": "default", "ident": "Oban.web.2"}),
        json!({"action": "pause", "queue": "default", "ident": "Other.web.1"}),
        json!({"action": "pause", "queue": "elsewhere", "ident": "any"}),
        json!({"action": "stop", "queue": "*", "ident": "any"}),
        json!({"action": "scale", "queue": "default", "limit": 0}),
        json!({"action": "scale", "queue": "default", "limit": "many"}),
        json!({"action": "start", "queue": "x".repeat(500), "limit": 1}),
        json!({"action": "start", "queue": "default", "limit": 9}),
        json!({"action": "pkill", "job_id": "none"}),
        json!({"action": "pkill", "job_id": 987_654_321}),
    ];
    c.other.notify(Channel::Signal, &nonsense).await.unwrap();
    // As another node writes it, with a key of its own.
    let sensible = json!({"action": "scale", "ident": "Oban.web.1", "limit": 5, "node": "web.1", "queue": "default", "x": 1});
    eventually("it obeys what makes sense", || async {
        c.other.notify(Channel::Signal, std::slice::from_ref(&sensible)).await.unwrap();
        let info = oban.check_queue("default").await.unwrap();
        if info.limit == 5 { Ok(()) } else { Err(info) }
    })
    .await;
    let expected = vec![oban.check_queue("default").await.unwrap()];
    assert!(!expected[0].paused && expected[0].uuid == before.uuid);
    assert_eq!(oban.check_all_queues().await.unwrap(), expected);
    oban.stop().await.unwrap();
}

pub async fn ends_a_cancelled_run_on_another_node(c: Cluster) {
    // Too patient to find out by itself.
    let oban = c.other_node().stale_after("1h").queue("default", 1).start().await.unwrap();
    let operator = c.node().start().await.unwrap();
    let job = operator.insert(Act::job("a", Scene::Obey)).await.unwrap();
    c.notes.started("a").await;
    assert!(operator.cancel_job(job.id).await.unwrap());
    c.notes.until("it saw its cancellation", |book| book.cancelled == ["a"]).await;
    let next = operator.insert(Act::job("next", Scene::Complete)).await.unwrap();
    c.becomes(next.id, JobState::Completed).await;
    let cancelled = c.read(job.id).await;
    assert!(cancelled.state == JobState::Cancelled && cancelled.completed_at.is_none(), "{cancelled:?}");
    stop(operator, oban).await;
}

pub async fn drops_a_cancelled_run_on_another_node(c: Cluster) {
    let oban = c.other_node().stale_after("1h").queue("default", 3).start().await.unwrap();
    let operator = c.node().start().await.unwrap();
    operator.insert_all(["a", "b", "c"].map(|name| Act::job(name, Scene::Hang))).await.unwrap();
    c.notes.until("all run", |book| book.started.len() == 3).await;
    let cancelled = operator.cancel_all(JobFilter::queue("default")).await.unwrap();
    assert_eq!(cancelled.len(), 3);
    c.notes.until("all were dropped", |book| book.left.len() == 3).await;
    c.count_becomes(JobState::Cancelled, 3).await;
    let next = operator.insert(Act::job("next", Scene::Complete)).await.unwrap();
    c.becomes(next.id, JobState::Completed).await;
    stop(operator, oban).await;
}

pub async fn ends_a_cancelled_run_without_notifications(c: Cluster) {
    let deaf = Arc::new(Faulty::new(Arc::clone(&c.other)).deaf());
    let oban = c.node_on(deaf, "web.2").queue("default", 2).start().await.unwrap();
    let operator = c.node().start().await.unwrap();
    let obeys = operator.insert(Act::job("a", Scene::Obey)).await.unwrap();
    let hangs = operator.insert(Act::job("b", Scene::Hang)).await.unwrap();
    c.notes.started("a").await;
    c.notes.started("b").await;
    operator.cancel_all(JobFilter::ids([obeys.id, hangs.id])).await.unwrap();
    c.notes.until("both have ended", |book| book.cancelled == ["a"] && book.left.len() == 2).await;
    for id in [obeys.id, hangs.id] {
        let job = c.read(id).await;
        assert!(job.state == JobState::Cancelled && job.errors.is_empty(), "{job:?}");
    }
    stop(operator, oban).await;
}

pub async fn cancels_what_others_only_tell_it_to_end(c: Cluster) {
    let oban = c.other_node().stale_after("1h").queue("default", 1).start().await.unwrap();
    let job = oban.insert(Act::job("a", Scene::Hang)).await.unwrap();
    c.notes.started("a").await;
    // Python's nodes leave the row as it is.
    let kill = json!({"action": "pkill", "job_id": job.id});
    eventually("it was dropped", || async {
        c.engine.notify(Channel::Signal, std::slice::from_ref(&kill)).await.unwrap();
        if c.notes.book().left == ["a"] { Ok(()) } else { Err(()) }
    })
    .await;
    let job = c.becomes(job.id, JobState::Cancelled).await;
    assert!(job.errors.len() == 1 && job.cancelled_at.is_some(), "{job:?}");
    oban.stop().await.unwrap();
}
