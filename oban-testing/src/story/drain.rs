use std::{collections::BTreeSet, sync::Arc};

use oban_core::{Drain, Drained, Engine, ErrorKind, JobFilter, JobState, Oban, QueueOptions};

use super::{
    Cluster,
    cast::{Act, Scene},
    cluster::eventually,
    faulty::Faulty,
    services::dead_node,
};

/// A node on which nothing runs by itself.
async fn idle(c: &Cluster) -> Oban {
    c.node().start().await.unwrap()
}

fn scenes() -> [(&'static str, Scene); 7] {
    [
        ("completes", Scene::Complete),
        ("records", Scene::Record(42.into())),
        ("fails", Scene::Fail("no".into())),
        ("panics", Scene::Panic),
        ("snoozes", Scene::Snooze("1h".into())),
        ("cancels", Scene::Cancel("gone".into())),
        ("discards", Scene::Discard("useless".into())),
    ]
}

pub async fn runs_what_is_available_and_counts_what_came_of_it(c: Cluster) {
    let oban = idle(&c).await;
    oban.insert_all(scenes().map(|(name, scene)| Act::job(name, scene))).await.unwrap();
    let elsewhere = oban.insert(Act::job("elsewhere", Scene::Complete).queue("other")).await.unwrap();
    let later = oban.insert(Act::job("later", Scene::Complete).schedule_in("1h")).await.unwrap();

    let drained = oban.drain_queue("default").await.unwrap();
    let wanted =
        Drained { completed: 2, failed: 2, snoozed: 1, cancelled: 1, discarded: 1, ..Drained::default() };
    assert_eq!((drained, drained.total()), (wanted, 7));
    assert_eq!(c.notes.book().started, scenes().map(|(name, _)| name), "in the order of a producer");
    assert_eq!(c.read(elsewhere.id).await.state, JobState::Available);
    assert_eq!(c.read(later.id).await.state, JobState::Scheduled);
    let failed = oban.jobs(JobFilter::all().state(JobState::Retryable)).await.unwrap();
    assert_eq!(failed[1].errors[0].error, "panicked: stage fright");
    assert_eq!((failed[1].attempt, failed[1].attempted_by[0].as_str()), (1, "web.1"));
    assert_eq!(oban.drain_queue("default").await.unwrap(), Drained::default(), "each has had its run");
}

pub async fn runs_waiting_jobs_in_the_order_of_their_times(c: Cluster) {
    let oban = idle(&c).await;
    for (name, wait) in [("third", "3h"), ("first", "1h"), ("second", "2h")] {
        oban.insert(Act::job(name, Scene::Complete).schedule_in(wait)).await.unwrap();
    }
    let until = c.engine.list_jobs(&JobFilter::all()).await.unwrap()[2].scheduled_at;
    let soon = Drain::queue("default").with_scheduled_until(until);
    assert_eq!(oban.drain_queue(soon).await.unwrap().completed, 2);
    assert_eq!(c.notes.book().started, ["first", "second"]);
    assert_eq!(oban.drain_queue(Drain::queue("default").with_due()).await.unwrap().total(), 0);
    let all = Drain::queue("default").with_scheduled();
    assert_eq!(oban.drain_queue(all).await.unwrap().completed, 1);
}

pub async fn runs_what_is_due_by_the_clock_of_the_store(c: Cluster) {
    let oban = idle(&c).await;
    let due = oban.insert(Act::job("due", Scene::FailUntil(2))).await.unwrap();
    assert_eq!(oban.drain_queue("default").await.unwrap().failed, 1);
    assert_eq!(oban.drain_queue("default").await.unwrap().total(), 0, "it waits for a stager");
    oban.insert(Act::job("later", Scene::Complete).schedule_in("1h")).await.unwrap();
    assert_eq!(oban.drain_queue(Drain::queue("default").with_due()).await.unwrap().total(), 1);
    assert_eq!(c.read(due.id).await.state, JobState::Completed);
}

pub async fn leaves_what_jobs_insert_unless_it_goes_on(c: Cluster) {
    let oban = idle(&c).await;
    oban.insert(Act::job("parent", Scene::Insert("child".into()))).await.unwrap();
    assert_eq!(oban.drain_queue("default").await.unwrap().completed, 1);
    assert_eq!(c.count(JobState::Available).await, 1);
    oban.insert(Act::job("uncle", Scene::Insert("cousin".into()))).await.unwrap();
    assert_eq!(oban.drain_queue(Drain::queue("default").with_recursion()).await.unwrap().completed, 3);
    assert_eq!(c.notes.book().started, ["parent", "child", "uncle", "cousin"]);
}

pub async fn goes_on_until_attempts_are_used_up_and_leaves_snoozers_to_their_time(c: Cluster) {
    let oban = idle(&c).await;
    oban.insert_all([Act::job("a", Scene::Fail("no".into())), Act::job("b", Scene::Snooze("1h".into()))])
        .await
        .unwrap();
    let drain = Drain::queue("default").with_scheduled().with_recursion();
    let drained = oban.drain_queue(drain).await.unwrap();
    assert_eq!(drained, Drained { failed: 2, discarded: 1, snoozed: 1, ..Drained::default() });
}

pub async fn runs_no_more_than_its_limit(c: Cluster) {
    let oban = idle(&c).await;
    oban.insert_all((0..5).map(|name| Act::job(name.to_string(), Scene::Complete))).await.unwrap();
    oban.insert(Act::job("later", Scene::Complete).schedule_in("1h")).await.unwrap();
    let drain = || Drain::queue("default").with_scheduled().with_recursion();
    assert_eq!(oban.drain_queue(drain().with_limit(3)).await.unwrap().completed, 3);
    let states = || async { (c.count(JobState::Available).await, c.count(JobState::Scheduled).await) };
    assert_eq!(states().await, (2, 1), "what does not run is not touched");
    assert_eq!(oban.drain_queue(drain().with_limit(100)).await.unwrap().completed, 3);
    // A job that inserts its like for ever.
    oban.insert(Act::job("hydra", Scene::InsertLike)).await.unwrap();
    assert_eq!(oban.drain_queue(drain().with_limit(10)).await.unwrap().completed, 10);
}

pub async fn ends_with_the_first_failure_without_safety(c: Cluster) {
    let oban = idle(&c).await;
    let jobs = [("a", Scene::Complete), ("b", Scene::Fail("boom".into())), ("c", Scene::Panic)];
    let jobs = oban.insert_all(jobs.map(|(name, scene)| Act::job(name, scene))).await.unwrap();
    let drain = Drain::queue("default").without_safety();
    let error = oban.drain_queue(drain.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed);
    for part in ["boom", "Act", "attempt: 1"] {
        assert!(error.to_string().contains(part), "{part} missing in {error}");
    }
    let failed = c.read(jobs[1].id).await;
    assert_eq!((failed.state, failed.errors[0].error.as_str()), (JobState::Retryable, "boom"));
    let left = c.read(jobs[2].id).await;
    assert_eq!((left.state, left.attempt), (JobState::Available, 0), "the rest is handed back");

    let draining = tokio::spawn(async move { oban.drain_queue(drain).await });
    let panic = draining.await.unwrap_err().into_panic();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"stage fright"));
    assert_eq!(c.read(jobs[2].id).await.state, JobState::Retryable, "stored before it goes on");
}

pub async fn ends_a_drained_job_that_takes_too_long(c: Cluster) {
    let oban = idle(&c).await;
    let job = oban.insert(Act::job("slow", Scene::HangTimed)).await.unwrap();
    assert_eq!(oban.drain_queue("default").await.unwrap().failed, 1);
    assert_eq!(c.read(job.id).await.errors[0].error, "Act timed out after 50ms");
    assert_eq!(c.notes.book().left, ["slow"]);
}

pub async fn shares_a_queue_with_nodes_that_run_it(c: Cluster) {
    let (oban, node) = (idle(&c).await, c.other_node().queue("default", QueueOptions::limit(3).paused()));
    let node = node.start().await.unwrap();
    let names = (0..200).map(|name| name.to_string());
    oban.insert_all(names.map(|name| Act::job(name, Scene::Complete))).await.unwrap();
    node.resume_queue("default").await.unwrap();
    let drain = || oban.drain_queue(Drain::queue("default").with_limit(20));
    let (one, other) = tokio::join!(drain(), drain());
    c.count_becomes(JobState::Completed, 200).await;
    let started = c.notes.book().started;
    assert_eq!((started.len(), started.iter().collect::<BTreeSet<_>>().len()), (200, 200));
    assert!(one.unwrap().completed + other.unwrap().completed <= 40);
    node.stop().await.unwrap();
}

pub async fn a_drained_job_may_outlast_the_patience_of_other_nodes(c: Cluster) {
    let (oban, other) = (idle(&c).await, c.other_node().queue("other", 1).start().await.unwrap());
    let job = oban.insert(Act::job("long", Scene::Wait)).await.unwrap();
    let watch = async {
        c.notes.started("long").await;
        // The dead are found, so whoever is not found has been looked at.
        let orphan = dead_node(&c, Act::job("dead", Scene::Complete)).await;
        eventually("the dead node's job is taken back", || async {
            let state = c.read(orphan.id).await.state;
            if state == JobState::Available { Ok(()) } else { Err(state) }
        })
        .await;
        assert_eq!(c.read(job.id).await.state, JobState::Executing);
        c.notes.open_gate(1);
    };
    let (drained, ()) = tokio::join!(oban.drain_queue("default"), watch);
    assert_eq!(drained.unwrap(), Drained { completed: 1, ..Drained::default() });
    other.stop().await.unwrap();
}

pub async fn counts_no_outcome_that_came_too_late(c: Cluster) {
    let oban = idle(&c).await;
    let job = oban.insert(Act::job("late", Scene::Wait)).await.unwrap();
    let cancel = async {
        c.notes.started("late").await;
        oban.cancel_job(job.id).await.unwrap();
        c.notes.open_gate(1);
    };
    let (drained, ()) = tokio::join!(oban.drain_queue("default"), cancel);
    assert_eq!(drained.unwrap(), Drained { ignored: 1, ..Drained::default() });
    assert_eq!(c.read(job.id).await.state, JobState::Cancelled);
}

pub async fn hands_back_what_it_holds_when_it_is_dropped(c: Cluster) {
    let oban = idle(&c).await;
    let jobs = [Act::job("a", Scene::Complete), Act::job("b", Scene::Hang), Act::job("c", Scene::Complete)];
    let jobs = oban.insert_all(jobs).await.unwrap();
    tokio::select! {
        drained = oban.drain_queue("default") => panic!("{drained:?} in spite of a job that hangs"),
        () = c.notes.started("b") => {}
    }
    c.notes.until("the run is dropped", |book| book.left.len() == 2).await;
    for job in &jobs[1..] {
        assert_eq!(c.becomes(job.id, JobState::Available).await.attempt, 0);
    }
    assert_eq!(c.read(jobs[0].id).await.state, JobState::Completed);
}

pub async fn keeps_a_drained_outcome_through_an_outage(c: Cluster) {
    let faulty = Arc::new(Faulty::new(Arc::clone(&c.engine)));
    let oban = c.node_on(Arc::clone(&faulty) as Arc<dyn Engine>, "web.1").start().await.unwrap();
    let job = oban.insert(Act::job("a", Scene::Wait)).await.unwrap();
    let fail = async {
        c.notes.started("a").await;
        faulty.fail_next_calls(3);
        c.notes.open_gate(1);
    };
    let (drained, ()) = tokio::join!(oban.drain_queue("default"), fail);
    assert_eq!(drained.unwrap().completed, 1);
    assert_eq!(c.read(job.id).await.state, JobState::Completed);
}

pub async fn loses_no_job_of_an_unanswered_fetch(c: Cluster) {
    let faulty = Arc::new(Faulty::new(Arc::clone(&c.engine)));
    let oban = c.node_on(Arc::clone(&faulty) as Arc<dyn Engine>, "web.1").start().await.unwrap();
    let job = oban.insert(Act::job("a", Scene::Complete)).await.unwrap();
    faulty.lose_next_fetches(1);
    assert_eq!(oban.drain_queue("default").await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(c.read(job.id).await.state, JobState::Available);
    assert_eq!(oban.drain_queue("default").await.unwrap().completed, 1);
}

pub async fn refuses_a_drain_that_makes_no_sense(c: Cluster) {
    let oban = idle(&c).await;
    let error = oban.drain_queue(Drain::queue("q".repeat(128)).with_limit(0)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("128 characters") && error.to_string().contains("limit 0"), "{error}");
    oban.stop().await.unwrap();
    assert_eq!(oban.drain_queue("default").await.unwrap_err().kind(), ErrorKind::Stopped);
}
