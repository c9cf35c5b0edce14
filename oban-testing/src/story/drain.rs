use std::{collections::BTreeSet, sync::Arc};

use chrono::TimeDelta;
use oban_core::{Drain, Drained, Engine, ErrorKind, Fetch, Job, JobFilter, JobState, NewJob, Oban, Testing};
use tokio::task::JoinSet;

use super::{
    Cluster,
    cast::{Act, Scene},
    cluster::ids,
    faulty::Faulty,
};
use crate::harness::spec;

/// An instance that runs nothing by itself.
async fn manual(c: &Cluster) -> Oban {
    c.node().testing(Testing::Manual).start().await.unwrap()
}

async fn faulty_manual(c: &Cluster) -> (Arc<Faulty>, Oban) {
    let faulty = Arc::new(Faulty::new(Arc::clone(&c.engine)));
    let engine = Arc::clone(&faulty) as Arc<dyn Engine>;
    (faulty, c.node_on(engine, "web.1").testing(Testing::Manual).start().await.unwrap())
}

fn everything() -> Drain {
    Drain::queue("default").with_scheduled().with_recursion()
}

fn complete(name: &str) -> NewJob {
    Act::job(name, Scene::Complete)
}

/// Drains in a task of its own.
fn start_drain(oban: &Oban, drain: impl Into<Drain>) -> JoinSet<oban_core::Result<Drained>> {
    let (oban, drain) = (oban.clone(), drain.into());
    let mut draining = JoinSet::new();
    draining.spawn(async move { oban.drain_queue(drain).await });
    draining
}

async fn ended(draining: &mut JoinSet<oban_core::Result<Drained>>) -> oban_core::Result<Drained> {
    draining.join_next().await.unwrap().unwrap()
}

fn state(job: &Job) -> (JobState, u32) {
    (job.state, job.attempt)
}

pub async fn runs_what_is_available_once(c: Cluster) {
    let oban = manual(&c).await;
    let inserted =
        oban.insert_all([complete("a"), complete("b"), complete("c").queue("other")]).await.unwrap();
    let drained = oban.drain_queue("default").await.unwrap();
    assert_eq!((drained, drained.total()), (Drained { completed: 2, ..Drained::default() }, 2));
    let job = c.read(inserted[0].id).await;
    assert_eq!((state(&job), job.attempted_by[0].as_str()), ((JobState::Completed, 1), "web.1"));
    assert_eq!(state(&c.read(inserted[2].id).await), (JobState::Available, 0));
    assert_eq!(oban.drain_queue("default").await.unwrap(), Drained::default());
}

pub async fn runs_jobs_in_the_order_of_a_queue(c: Cluster) {
    let oban = manual(&c).await;
    let prioritized = |(name, priority): (&str, i32)| complete(name).priority(priority);
    oban.insert_all([("d", 2), ("a", 0), ("c", 1), ("b", 0)].map(prioritized)).await.unwrap();
    oban.drain_queue("default").await.unwrap();
    assert_eq!(c.notes.book().started, ["a", "b", "c", "d"]);
    assert_eq!(c.notes.book().peak["default"], 1, "one after the other");
}

pub async fn counts_by_outcome(c: Cluster) {
    let oban = manual(&c).await;
    let scenes = [
        Scene::Complete,
        Scene::Record(1.into()),
        Scene::Fail("boom".into()),
        Scene::Panic,
        Scene::Snooze("1h".into()),
        Scene::Cancel("gone".into()),
        Scene::Discard("useless".into()),
    ];
    oban.insert_all(scenes.map(|scene| Act::job("a", scene))).await.unwrap();
    oban.insert(Act::job("a", Scene::Fail("boom".into())).max_attempts(1)).await.unwrap();
    oban.insert(NewJob::new("Nobody", serde_json::json!({}))).await.unwrap();
    let expected = Drained { completed: 2, failed: 3, snoozed: 1, cancelled: 1, discarded: 2, ignored: 0 };
    assert_eq!(oban.drain_queue("default").await.unwrap(), expected);
}

pub async fn leaves_jobs_that_wait_for_a_time(c: Cluster) {
    let oban = manual(&c).await;
    let later = oban.insert(complete("later").schedule_in("1h")).await.unwrap();
    let failing = oban.insert(Act::job("failing", Scene::Fail("boom".into()))).await.unwrap();
    let drained = oban.drain_queue(Drain::queue("default").with_recursion()).await.unwrap();
    assert_eq!(drained, Drained { failed: 1, ..Drained::default() });
    assert_eq!(state(&c.read(later.id).await), (JobState::Scheduled, 0));
    assert_eq!(state(&c.read(failing.id).await), (JobState::Retryable, 1));
}

pub async fn runs_scheduled_jobs_in_the_order_of_their_times(c: Cluster) {
    let oban = manual(&c).await;
    oban.insert(complete("in two hours").schedule_in("2h")).await.unwrap();
    oban.insert(complete("in one hour").schedule_in("1h")).await.unwrap();
    oban.insert(complete("now")).await.unwrap();
    let drained = oban.drain_queue(Drain::queue("default").with_scheduled()).await.unwrap();
    assert_eq!(drained.completed, 3);
    assert_eq!(c.notes.book().started, ["now", "in one hour", "in two hours"]);
}

pub async fn runs_scheduled_jobs_up_to_a_time(c: Cluster) {
    let oban = manual(&c).await;
    let soon = oban.insert(complete("soon").schedule_in("1h")).await.unwrap();
    let late = oban.insert(complete("late").schedule_in("2h")).await.unwrap();
    let drain = Drain::queue("default").with_scheduled_until(soon.scheduled_at);
    assert_eq!(oban.drain_queue(drain).await.unwrap().completed, 1);
    assert_eq!(state(&c.read(soon.id).await), (JobState::Completed, 1));
    assert_eq!(state(&c.read(late.id).await), (JobState::Scheduled, 0));
}

pub async fn runs_what_is_due(c: Cluster) {
    let oban = manual(&c).await;
    let late = oban.insert(complete("late").schedule_in("1h")).await.unwrap();
    let past = late.inserted_at - TimeDelta::hours(1);
    oban.insert(complete("due").schedule_at(past)).await.unwrap();
    let drained = oban.drain_queue(Drain::queue("default").with_due()).await.unwrap();
    assert_eq!((drained.total(), c.notes.book().started), (1, vec!["due".to_owned()]));
}

pub async fn never_runs_a_job_twice_without_recursion(c: Cluster) {
    let oban = manual(&c).await;
    oban.insert(Act::job("failing", Scene::FailUntil(2))).await.unwrap();
    oban.insert(Act::job("parent", Scene::Insert("child".into()))).await.unwrap();
    let drain = Drain::queue("default").with_scheduled();
    let drained = oban.drain_queue(drain.clone()).await.unwrap();
    assert_eq!(drained, Drained { failed: 1, completed: 1, ..Drained::default() });
    let drained = oban.drain_queue(drain).await.unwrap();
    assert_eq!(drained, Drained { completed: 2, ..Drained::default() });
}

pub async fn runs_with_recursion_what_jobs_insert(c: Cluster) {
    let oban = manual(&c).await;
    oban.insert(Act::job("parent", Scene::Insert("child".into()))).await.unwrap();
    let drained = oban.drain_queue(Drain::queue("default").with_recursion()).await.unwrap();
    assert_eq!(
        (drained.completed, c.notes.book().started),
        (2, vec!["parent".to_owned(), "child".to_owned()])
    );
}

pub async fn tries_again_with_recursion_until_the_last_attempt(c: Cluster) {
    let oban = manual(&c).await;
    let job = oban.insert(Act::job("failing", Scene::Fail("boom".into()))).await.unwrap();
    let drained = oban.drain_queue(everything()).await.unwrap();
    assert_eq!(drained, Drained { failed: 2, discarded: 1, ..Drained::default() });
    let job = c.read(job.id).await;
    assert_eq!((state(&job), job.max_attempts, job.errors.len()), ((JobState::Discarded, 3), 3, 3));
}

pub async fn leaves_a_snoozed_job_to_its_time(c: Cluster) {
    let oban = manual(&c).await;
    let job = oban.insert(Act::job("a", Scene::Snooze("1h".into()))).await.unwrap();
    let drained = oban.drain_queue(everything()).await.unwrap();
    assert_eq!(drained, Drained { snoozed: 1, ..Drained::default() });
    assert_eq!(state(&c.read(job.id).await), (JobState::Scheduled, 0));
    assert_eq!(oban.drain_queue(everything()).await.unwrap().snoozed, 1, "a new drain is a new time");
}

pub async fn runs_no_more_than_its_limit(c: Cluster) {
    let oban = manual(&c).await;
    oban.insert_all(["a", "b", "c"].map(complete)).await.unwrap();
    oban.insert_all(["d", "e"].map(|name| complete(name).schedule_in("1h"))).await.unwrap();
    let drained = oban.drain_queue(everything().with_limit(2)).await.unwrap();
    assert_eq!((drained.total(), c.count(JobState::Scheduled).await), (2, 2));
    let drained = oban.drain_queue(everything().with_limit(2)).await.unwrap();
    assert_eq!((drained.total(), c.count(JobState::Scheduled).await), (2, 1));
    assert_eq!(c.notes.book().started, ["a", "b", "c", "d"]);
}

pub async fn ends_with_a_failure_and_leaves_the_rest(c: Cluster) {
    let oban = manual(&c).await;
    let jobs = [
        Act::job("snoozing", Scene::Snooze("1h".into())),
        Act::job("a", Scene::Fail("boom".into())),
        complete("b"),
    ];
    let inserted = oban.insert_all(jobs).await.unwrap();
    let error = oban.drain_queue(Drain::queue("default").without_safety()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed);
    let text = error.to_string();
    assert!(text.contains("boom") && text.contains("worker: Act") && text.contains("attempt: 1"), "{text}");
    assert_eq!(state(&c.read(inserted[1].id).await), (JobState::Retryable, 1));
    let rest = c.read(inserted[2].id).await;
    assert_eq!(
        (state(&rest), rest.meta.len()),
        ((JobState::Available, 0), 0),
        "as if it had not been fetched"
    );
    assert_eq!(oban.drain_queue("default").await.unwrap().completed, 1);
}

pub async fn passes_a_panic_on(c: Cluster) {
    let oban = manual(&c).await;
    let inserted = oban.insert_all([Act::job("a", Scene::Panic), complete("b")]).await.unwrap();
    let mut draining = start_drain(&oban, Drain::queue("default").without_safety());
    let panic = draining.join_next().await.unwrap().unwrap_err().into_panic();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"stage fright"));
    let panicked = c.read(inserted[0].id).await;
    assert_eq!((state(&panicked), panicked.errors.len()), ((JobState::Retryable, 1), 1));
    assert_eq!(state(&c.read(inserted[1].id).await), (JobState::Available, 0));
}

pub async fn ends_a_job_that_takes_too_long(c: Cluster) {
    let oban = manual(&c).await;
    let job = oban.insert(Act::job("a", Scene::HangTimed)).await.unwrap();
    oban.insert(complete("b")).await.unwrap();
    let drained = oban.drain_queue("default").await.unwrap();
    assert_eq!(drained, Drained { failed: 1, completed: 1, ..Drained::default() });
    let job = c.read(job.id).await;
    assert_eq!(job.errors[0].error, "Act timed out after 50ms");
    assert_eq!(c.notes.book().left, ["a", "b"], "it was dropped before the next began");
}

pub async fn ignores_the_outcome_of_a_cancelled_job(c: Cluster) {
    let oban = manual(&c).await;
    let job = oban.insert(Act::job("a", Scene::Wait)).await.unwrap();
    let mut draining = start_drain(&oban, "default");
    c.notes.started("a").await;
    assert!(oban.cancel_job(job.id).await.unwrap());
    c.notes.open_gate(1);
    assert_eq!(ended(&mut draining).await.unwrap(), Drained { ignored: 1, ..Drained::default() });
    assert_eq!(c.read(job.id).await.state, JobState::Cancelled);
}

pub async fn hands_back_when_it_is_dropped(c: Cluster) {
    let oban = manual(&c).await;
    let inserted = oban.insert_all([Act::job("a", Scene::Wait), complete("b")]).await.unwrap();
    let mut draining = start_drain(&oban, "default");
    c.notes.started("a").await;
    draining.abort_all();
    assert!(draining.join_next().await.unwrap().unwrap_err().is_cancelled());
    for id in ids(&inserted) {
        assert_eq!(c.becomes(id, JobState::Available).await.attempt, 0);
    }
    assert_eq!(c.notes.book().left, ["a"], "the run was dropped");
    c.notes.open_gate(1);
    assert_eq!(oban.drain_queue("default").await.unwrap().completed, 2);
}

pub async fn ends_with_its_instance(c: Cluster) {
    let oban = manual(&c).await;
    let inserted = oban.insert_all([Act::job("a", Scene::Wait), complete("b")]).await.unwrap();
    let mut draining = start_drain(&oban, "default");
    c.notes.started("a").await;
    oban.stop().await.unwrap();
    c.notes.open_gate(1);
    assert_eq!(ended(&mut draining).await.unwrap_err().kind(), ErrorKind::Stopped);
    assert_eq!(state(&c.read(inserted[0].id).await), (JobState::Completed, 1));
    assert_eq!(state(&c.read(inserted[1].id).await), (JobState::Available, 0));
}

pub async fn keeps_an_outcome_through_an_outage(c: Cluster) {
    let (faulty, oban) = faulty_manual(&c).await;
    let job = oban.insert(Act::job("a", Scene::Wait)).await.unwrap();
    let mut draining = start_drain(&oban, "default");
    c.notes.started("a").await;
    faulty.fail_next_calls(4);
    c.notes.open_gate(1);
    assert_eq!(ended(&mut draining).await.unwrap().completed, 1);
    assert_eq!(state(&c.read(job.id).await), (JobState::Completed, 1));
}

pub async fn counts_an_outcome_whose_answer_was_lost(c: Cluster) {
    let (faulty, oban) = faulty_manual(&c).await;
    oban.insert_all([complete("a"), Act::job("b", Scene::Snooze("1h".into()))]).await.unwrap();
    faulty.lose_next_acks(2);
    let drained = oban.drain_queue("default").await.unwrap();
    assert_eq!(drained, Drained { completed: 1, snoozed: 1, ..Drained::default() });
}

pub async fn replaces_an_outcome_that_cannot_be_stored(c: Cluster) {
    let (faulty, oban) = faulty_manual(&c).await;
    let job = oban.insert(complete("a")).await.unwrap();
    faulty.refuse_completion_of(job.id);
    let drained = oban.drain_queue("default").await.unwrap();
    assert_eq!(drained, Drained { failed: 1, ..Drained::default() });
    assert!(c.read(job.id).await.errors[0].error.contains("could not be stored"));
}

pub async fn runs_the_jobs_of_a_fetch_whose_answer_was_lost(c: Cluster) {
    let (faulty, oban) = faulty_manual(&c).await;
    let job = oban.insert(complete("a")).await.unwrap();
    faulty.lose_next_fetches(1);
    assert_eq!(oban.drain_queue("default").await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(oban.drain_queue("default").await.unwrap().completed, 1);
    assert_eq!(c.read(job.id).await.attempt, 1, "the attempt nobody made is refunded");
}

pub async fn keeps_its_heart_beating(c: Cluster) {
    let oban = manual(&c).await;
    let job = oban.insert(Act::job("a", Scene::Wait)).await.unwrap();
    let mut draining = start_drain(&oban, "default");
    c.notes.started("a").await;
    // Registered after the drain, and never heard of again.
    let dead = c.other.init_queue(&spec("dead", "elsewhere")).await.unwrap();
    let lost = oban.insert(complete("lost").queue("elsewhere")).await.unwrap();
    c.other.fetch_jobs(Fetch { queue: &dead, demand: 1, after: None, acks: &[] }).await.unwrap();
    let judge = c.other_node().queue("judge", 1).start().await.unwrap();
    c.becomes(lost.id, JobState::Available).await;
    assert_eq!(state(&c.read(job.id).await), (JobState::Executing, 1), "rescue has passed it over");
    c.notes.open_gate(1);
    assert_eq!(ended(&mut draining).await.unwrap().completed, 1);
    judge.stop().await.unwrap();
}

pub async fn signs_off_for_good_while_its_heart_beats(c: Cluster) {
    let (faulty, oban) = faulty_manual(&c).await;
    oban.insert(Act::job("a", Scene::Wait)).await.unwrap();
    let mut draining = start_drain(&oban, "default");
    c.notes.started("a").await;
    faulty.beats_slowly().await;
    c.notes.open_gate(1);
    assert_eq!(ended(&mut draining).await.unwrap().completed, 1);
    faulty.has_beaten().await;
    assert_eq!(faulty.revived(), 0, "it registered again who had signed off");
}

pub async fn shares_a_queue_with_a_node_and_another_drain(c: Cluster) {
    let oban = manual(&c).await;
    oban.insert_all((0..200).map(|name| complete(&name.to_string()))).await.unwrap();
    let node = c.other_node().queue("default", 5).start().await.unwrap();
    let drain = || Drain::queue("default").with_limit(60);
    let (one, other) = tokio::join!(oban.drain_queue(drain()), oban.drain_queue(drain()));
    let drained = one.unwrap().completed + other.unwrap().completed;
    c.count_becomes(JobState::Completed, 200).await;
    let started = c.notes.book().started;
    assert!(drained <= 120 && started.len() == 200, "{drained} of {}", started.len());
    assert_eq!(started.iter().collect::<BTreeSet<_>>().len(), 200, "none ran twice");
    node.stop().await.unwrap();
}

pub async fn ends_however_jobs_breed(c: Cluster) {
    let oban = manual(&c).await;
    oban.insert(Act::job("hydra", Scene::InsertLike)).await.unwrap();
    let drained = oban.drain_queue(everything().with_limit(10)).await.unwrap();
    assert_eq!((drained.completed, c.count(JobState::Available).await), (10, 1));
}

pub async fn refuses_what_makes_no_sense(c: Cluster) {
    let oban = manual(&c).await;
    oban.insert(complete("a")).await.unwrap();
    let error = oban.drain_queue(Drain::queue(" ").with_limit(0)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(
        error.to_string().contains("\" \" is blank") && error.to_string().contains("with_limit 0"),
        "{error}"
    );
    oban.stop().await.unwrap();
    assert_eq!(oban.drain_queue("default").await.unwrap_err().kind(), ErrorKind::Stopped);
    assert_eq!(oban.jobs(JobFilter::all()).await.unwrap()[0].state, JobState::Available);
}
