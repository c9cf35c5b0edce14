use std::{sync::Arc, time::Duration};

use oban_core::{
    Engine, ErrorKind, JobFilter, JobState, NewJob, Oban, Pruner, SonarStatus, Testing,
    telemetry::{
        EngineEvent, Event, FailureKind, JobEvent, NodeEvent, NotifierEvent, PeerEvent, QueueEvent,
        ServiceEvent,
    },
};
use serde_json::json;

use super::{
    Cluster,
    cast::{Act, Scene},
    cron::{minutely, seen},
    faulty::Faulty,
    services::dead_node,
    witness::Witness,
};

async fn witnessed(c: &Cluster, limit: usize) -> (Witness, Oban) {
    let witness = Witness::new();
    let node = c.node().queue("default", limit).telemetry(witness.clone());
    (witness, node.start().await.unwrap())
}

/// Runs one job, and returns how its first run ended.
async fn end_of(c: &Cluster, job: NewJob) -> JobEvent {
    let (witness, oban) = witnessed(c, 1).await;
    let id = oban.insert(job).await.unwrap().id;
    let end = witness.end_of(id).await;
    assert_eq!(witness.names_of(id)[..2], ["job.started", end.name()], "a run has a beginning and an end");
    oban.stop().await.unwrap();
    end
}

/// Runs one job that fails for good, and checks in which way.
async fn fails(c: &Cluster, job: NewJob, expected: FailureKind, text: &str) {
    match end_of(c, job.max_attempts(1)).await {
        JobEvent::Failed { failure, retry_in: None, .. } => {
            assert_eq!(failure.kind, expected);
            assert!(failure.message.contains(text), "{}", failure.message);
            assert_eq!(failure.error.is_some(), text == "boom", "the worker's own error is kept");
        }
        other => panic!("{other:?}"),
    }
}

pub async fn tells_of_a_completed_job(c: Cluster) {
    let end = end_of(&c, Act::job("a", Scene::Complete)).await;
    let JobEvent::Completed { run, recorded: false } = &end else { panic!("{end:?}") };
    assert_eq!((run.job.queue.as_str(), run.job.attempt), ("default", 1));
    assert!(run.queue_time < Duration::from_secs(30) && run.duration < Duration::from_secs(30));
    let end = end_of(&c, Act::job("b", Scene::Record(json!(1)))).await;
    assert!(matches!(end, JobEvent::Completed { recorded: true, .. }), "{end:?}");
}

pub async fn tells_in_which_way_a_job_failed(c: Cluster) {
    let act = |scene| Act::job("a", scene);
    fails(&c, act(Scene::Fail("boom".into())), FailureKind::Error, "boom").await;
    fails(&c, act(Scene::Panic), FailureKind::Panic, "panicked: stage fright").await;
    fails(&c, act(Scene::FailUnspeakably), FailureKind::Panic, "panicked outside").await;
    fails(&c, act(Scene::PanicInTimeout), FailureKind::Panic, "timeout panicked").await;
    fails(&c, act(Scene::HangTimed), FailureKind::Timeout, "timed out after 50ms").await;
    fails(&c, act(Scene::Snooze("soon".into())), FailureKind::Error, "is no period").await;
    fails(&c, NewJob::new("Nobody", json!({})), FailureKind::UnknownWorker, "unknown worker").await;
}

pub async fn tells_whether_a_failed_job_is_tried_again(c: Cluster) {
    let (witness, oban) = witnessed(&c, 1).await;
    let id = oban.insert(Act::job("a", Scene::FailUntil(3))).await.unwrap().id;
    c.becomes(id, JobState::Completed).await;
    witness
        .hears("it completed", |event| {
            matches!(event, Event::Job(JobEvent::Completed { run, .. }) if run.job.attempt == 3).then_some(())
        })
        .await;
    let expected = ["job.started", "job.failed", "job.started", "job.failed", "job.started", "job.completed"];
    assert_eq!(witness.names_of(id), expected);
    let first = witness.end_of(id).await;
    assert!(matches!(first, JobEvent::Failed { retry_in: Some(Duration::ZERO), .. }), "{first:?}");
    oban.stop().await.unwrap();
}

pub async fn tells_what_a_worker_decided(c: Cluster) {
    match end_of(&c, Act::job("a", Scene::Snooze("1h".into()))).await {
        JobEvent::Snoozed { delay, .. } => assert_eq!(delay, Duration::from_secs(3600)),
        other => panic!("{other:?}"),
    }
    match end_of(&c, Act::job("b", Scene::Cancel("gone".into()))).await {
        JobEvent::Cancelled { reason, .. } => assert_eq!(reason, "gone"),
        other => panic!("{other:?}"),
    }
    match end_of(&c, Act::job("c", Scene::Discard("useless".into()))).await {
        JobEvent::Discarded { reason, .. } => assert_eq!(reason, "useless"),
        other => panic!("{other:?}"),
    }
}

pub async fn tells_that_an_outcome_counted_no_more(c: Cluster) {
    let (witness, oban) = witnessed(&c, 1).await;
    let id = oban.insert(Act::job("a", Scene::Wait)).await.unwrap().id;
    c.notes.started("a").await;
    // Behind the node's back, as another node does.
    c.other.cancel_jobs(&JobFilter::id(id)).await.unwrap();
    c.notes.open_gate(1);
    match witness.end_of(id).await {
        JobEvent::Ignored { state, .. } => assert_eq!(state, JobState::Completed),
        other => panic!("{other:?}"),
    }
    oban.stop().await.unwrap();
}

pub async fn tells_of_a_run_that_a_cancel_ended(c: Cluster) {
    let (witness, oban) = witnessed(&c, 1).await;
    let id = oban.insert(Act::job("a", Scene::Hang)).await.unwrap().id;
    c.notes.started("a").await;
    oban.cancel_job(id).await.unwrap();
    let end = witness.end_of(id).await;
    assert!(matches!(end, JobEvent::Dropped { .. }), "{end:?}");
    oban.stop().await.unwrap();
}

pub async fn tells_what_a_stop_handed_back(c: Cluster) {
    let witness = Witness::new();
    let node = c.node().queue("default", 1).shutdown_grace_period("10ms").telemetry(witness.clone());
    let oban = node.start().await.unwrap();
    let id = oban.insert(Act::job("a", Scene::Hang)).await.unwrap().id;
    c.notes.started("a").await;
    oban.stop().await.unwrap();
    // A stop waits for handlers.
    assert_eq!(witness.names_of(id), ["job.started", "job.handed_back"]);
    witness
        .hears("the queue handed it back", |event| match event {
            Event::Queue(QueueEvent::Stopped { handed_back, unstored: 0, .. }) if *handed_back == [id] => {
                Some(())
            }
            _ => None,
        })
        .await;
    assert_eq!(witness.names().last(), Some(&"node.stopped"));
}

pub async fn tells_of_its_queues(c: Cluster) {
    let (witness, oban) = witnessed(&c, 3).await;
    oban.pause_queue("default").await.unwrap();
    oban.resume_queue("default").await.unwrap();
    oban.scale_queue("default", 7).await.unwrap();
    oban.start_queue("other", 1).await.unwrap();
    oban.stop_queue("other").await.unwrap();
    oban.stop().await.unwrap();
    let mut names = witness.names();
    names.retain(|name| name.starts_with("queue.") || name.starts_with("node."));
    let expected = [
        "queue.started",
        "node.started",
        "queue.paused",
        "queue.resumed",
        "queue.scaled",
        "queue.started",
        "queue.stopping",
        "queue.stopped",
        "queue.stopping",
        "queue.stopped",
        "node.stopped",
    ];
    assert_eq!(names, expected);
    let is_started = |event: &Event| match event {
        Event::Node(NodeEvent::Started { queues, workers }) => Some((queues.clone(), workers.clone())),
        _ => None,
    };
    let expected = (vec!["default".to_owned()], vec!["Act", "Deed"]);
    assert_eq!(witness.hears("the node started", is_started).await, expected);
}

pub async fn tells_of_staged_rescued_and_pruned_jobs(c: Cluster) {
    let orphan = dead_node(&c, Act::job("a", Scene::Complete)).await;
    let witness = Witness::new();
    let node = c.node().queue("default", 1).pruner(Pruner::after("0s")).telemetry(witness.clone());
    let oban = node.start().await.unwrap();
    let soon = oban.insert(Act::job("soon", Scene::Wait).schedule_in("100ms")).await.unwrap();
    witness
        .hears("it was staged", |event| match event {
            Event::Service(ServiceEvent::Staged { jobs, queues, .. }) => {
                let staged = jobs.iter().any(|job| job.id == soon.id && job.before == JobState::Scheduled);
                (staged && queues == &["default"]).then_some(())
            }
            _ => None,
        })
        .await;
    witness
        .hears("it was rescued", |event| match event {
            Event::Service(ServiceEvent::Rescued { jobs, .. }) => {
                jobs.iter().any(|job| job.id == orphan.id).then_some(())
            }
            _ => None,
        })
        .await;
    c.notes.open_gate(1);
    oban.stop().await.unwrap();
    let pruning = c.node().queue("nothing", 1).pruner(Pruner::after("0s")).telemetry(witness.clone());
    let oban = pruning.start().await.unwrap();
    witness
        .hears("it was pruned", |event| match event {
            Event::Service(ServiceEvent::Pruned { jobs, .. }) => (!jobs.is_empty()).then_some(()),
            _ => None,
        })
        .await;
    oban.stop().await.unwrap();
}

pub async fn tells_who_leads(c: Cluster) {
    let (first, one) = witnessed(&c, 1).await;
    let begins = |event: &Event| match event {
        Event::Peer(event @ PeerEvent::Campaigned { leads: true, .. }) if event.is_change() => Some(()),
        _ => None,
    };
    first.hears("the first leads", begins).await;
    let second = Witness::new();
    let other = c.other_node().queue("default", 1).telemetry(second.clone()).start().await.unwrap();
    second
        .hears("the second does not", |event| match event {
            Event::Peer(PeerEvent::Campaigned { leads: false, led: false, .. }) => Some(()),
            _ => None,
        })
        .await;
    one.stop().await.unwrap();
    assert!(first.names().contains(&"peer.resigned"));
    second.hears("the second leads", begins).await;
    other.stop().await.unwrap();
}

pub async fn tells_of_engine_calls(c: Cluster) {
    let faulty = Arc::new(Faulty::new(Arc::clone(&c.engine)));
    let witness = Witness::new();
    let engine = Arc::clone(&faulty) as Arc<dyn Engine>;
    let node = c.node_on(engine, "web.1").queue("default", 1).telemetry(witness.clone());
    let oban = node.start().await.unwrap();
    let inserted = oban.insert_all((0..3).map(|name| Act::job(name.to_string(), Scene::Complete))).await;
    c.count_becomes(JobState::Completed, inserted.unwrap().len() as u64).await;
    let counted = |operation: &'static str, expected: usize| {
        move |event: &Event| match event {
            Event::Engine(EngineEvent::Stopped { operation: found, count, .. }) => {
                (*found == operation && *count == Some(expected)).then_some(())
            }
            _ => None,
        }
    };
    witness.hears("three jobs were inserted", counted("insert_jobs", 3)).await;
    witness.hears("one job was fetched", counted("fetch_jobs", 1)).await;
    faulty.fail_next_calls(20);
    witness
        .hears("a call failed", |event| match event {
            Event::Engine(EngineEvent::Failed { kind: ErrorKind::Unavailable, error, .. }) => {
                (!error.is_empty()).then_some(())
            }
            _ => None,
        })
        .await;
    let is_stager = |event: &Event| match event {
        Event::Service(ServiceEvent::Failing { service, .. } | ServiceEvent::Recovered { service })
            if *service == "stager" =>
        {
            Some(event.name())
        }
        _ => None,
    };
    assert_eq!(witness.hears("the stager fails", is_stager).await, "service.failing");
    witness
        .hears("the stager works again", |event| is_stager(event).filter(|name| *name == "service.recovered"))
        .await;
    oban.stop().await.unwrap();
}

pub async fn tells_whether_notifications_arrive(c: Cluster) {
    let (witness, oban) = witnessed(&c, 1).await;
    witness
        .hears("notifications arrive", |event| match event {
            Event::Notifier(NotifierEvent::Switched { before, after, .. }) => {
                (*before == SonarStatus::Unknown && *after == SonarStatus::Solitary).then_some(())
            }
            _ => None,
        })
        .await;
    oban.stop().await.unwrap();
}

pub async fn tells_of_periodic_jobs_and_missed_minutes(c: Cluster) {
    let since = seen(&c, "entry", 90).await;
    let witness = Witness::new();
    let node = c.node().queue("default", 1).cron_entry(minutely("entry")).telemetry(witness.clone());
    let oban = node.start().await.unwrap();
    let missed = witness
        .hears("minutes were missed", |event| match event {
            Event::Service(ServiceEvent::CronMissed { entry, first, last, count }) if entry == "entry" => {
                Some((*first, *last, *count))
            }
            _ => None,
        })
        .await;
    let (first, last, count) = missed;
    assert_eq!((first - since).num_minutes(), 1, "from the first minute after the last that was seen");
    assert_eq!(i64::try_from(count).unwrap(), (last - first).num_minutes() + 1);
    let inserted = witness
        .hears("a job was inserted", |event| match event {
            Event::Service(ServiceEvent::CronInserted { entry, id, conflict: false, minute, .. }) => {
                (entry == "entry" && *minute > last).then_some(*id)
            }
            _ => None,
        })
        .await;
    c.becomes(inserted, JobState::Completed).await;
    oban.stop().await.unwrap();
}

pub async fn tells_of_runs_in_tests(c: Cluster) {
    let witness = Witness::new();
    let oban = c.node().testing(Testing::Manual).telemetry(witness.clone()).start().await.unwrap();
    let drained = oban.insert(Act::job("a", Scene::Fail("boom".into()))).await.unwrap().id;
    oban.drain_queue("default").await.unwrap();
    let end = witness.end_of(drained).await;
    assert!(matches!(&end, JobEvent::Failed { failure, .. } if failure.error.is_some()), "{end:?}");
    assert_eq!(witness.names_of(drained), ["job.started", "job.failed"]);
    oban.stop().await.unwrap();

    let witness = Witness::new();
    let oban = c.node().testing(Testing::Inline).telemetry(witness.clone()).start().await.unwrap();
    let inline = oban.insert(Act::job("a", Scene::Complete)).await.unwrap().id;
    let end = witness.end_of(inline).await;
    assert!(matches!(end, JobEvent::Completed { .. }), "{end:?}");
    oban.stop().await.unwrap();
}
