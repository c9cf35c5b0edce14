use std::{collections::BTreeSet, sync::Arc};

use oban_core::{Engine, JobState, Oban};

use super::{
    Cluster,
    cast::{Act, Scene},
    cluster::eventually,
    faulty::Faulty,
    witness::Witness,
};

async fn faulty_node(c: &Cluster, limit: usize) -> (Arc<Faulty>, Oban) {
    let faulty = Arc::new(Faulty::new(Arc::clone(&c.engine)));
    let oban = start_on(c, &faulty, limit).await;
    (faulty, oban)
}

async fn start_on(c: &Cluster, faulty: &Arc<Faulty>, limit: usize) -> Oban {
    let engine = Arc::clone(faulty) as Arc<dyn Engine>;
    c.node_on(engine, "web.1").queue("default", limit).start().await.unwrap()
}

/// Every job ran, and none twice.
fn ran_once(c: &Cluster, count: usize) {
    let started = c.notes.book().started;
    assert_eq!((started.len(), started.iter().collect::<BTreeSet<_>>().len()), (count, count), "{started:?}");
}

pub async fn keeps_outcomes_through_an_outage(c: Cluster) {
    let (faulty, oban) = faulty_node(&c, 5).await;
    oban.insert_all((0..5).map(|name| Act::job(name.to_string(), Scene::Wait))).await.unwrap();
    c.notes.until("all run", |book| book.started.len() == 5).await;
    faulty.fail_next_calls(20);
    c.notes.open_gate(5);
    c.count_becomes(JobState::Completed, 5).await;
    assert!(faulty.has_recovered(), "the outage came before the outcomes");
    ran_once(&c, 5);
    oban.stop().await.unwrap();
}

pub async fn runs_quick_jobs_once_whatever_gets_lost(c: Cluster) {
    const COUNT: usize = 2_000;
    let (faulty, oban) = faulty_node(&c, 2).await;
    oban.insert_all((0..COUNT).map(|name| Act::job(name.to_string(), Scene::Complete))).await.unwrap();
    for part in 1..10 {
        c.notes.until("some more have run", |book| book.started.len() >= part * COUNT / 10).await;
        faulty.lose_next_fetches(1);
        faulty.lose_next_acks(1);
    }
    c.count_becomes(JobState::Completed, COUNT as u64).await;
    ran_once(&c, COUNT);
    oban.stop().await.unwrap();
}

pub async fn tries_at_once_again_when_another_transaction_is_in_the_way(c: Cluster) {
    let faulty = Arc::new(Faulty::new(Arc::clone(&c.engine)));
    let witness = Witness::new();
    let node = c.node_on(Arc::clone(&faulty) as Arc<dyn Engine>, "web.1").queue("default", 5);
    let oban = node.telemetry(witness.clone()).start().await.unwrap();
    // As many as one call is tried again.
    faulty.contend_next_calls(20);
    oban.insert_all((0..20).map(|name| Act::job(name.to_string(), Scene::Complete))).await.unwrap();
    c.count_becomes(JobState::Completed, 20).await;
    assert!(faulty.has_recovered(), "the conflicts came before the jobs");
    ran_once(&c, 20);
    oban.stop().await.unwrap();
    let names = witness.names();
    assert!(names.contains(&"engine.stopped") && !names.contains(&"engine.failed"), "{names:?}");
}

pub async fn fetches_again_after_an_outage(c: Cluster) {
    let (faulty, oban) = faulty_node(&c, 5).await;
    faulty.fail_next_calls(20);
    oban.insert_all((0..20).map(|name| Act::job(name.to_string(), Scene::Complete))).await.unwrap();
    c.count_becomes(JobState::Completed, 20).await;
    ran_once(&c, 20);
    oban.stop().await.unwrap();
}

pub async fn runs_the_jobs_of_a_fetch_whose_answer_was_lost(c: Cluster) {
    let (faulty, oban) = faulty_node(&c, 5).await;
    faulty.lose_next_fetches(2);
    oban.insert_all((0..20).map(|name| Act::job(name.to_string(), Scene::Complete))).await.unwrap();
    c.count_becomes(JobState::Completed, 20).await;
    ran_once(&c, 20);
    let jobs = oban.jobs(oban_core::JobFilter::all()).await.unwrap();
    assert!(jobs.iter().all(|job| job.attempt == 1), "the attempts nobody made are refunded");
    oban.stop().await.unwrap();
}

pub async fn runs_the_jobs_of_a_fetch_that_took_effect_late(c: Cluster) {
    let faulty = Arc::new(Faulty::new(Arc::clone(&c.engine)));
    // Before the node starts: it fetches at once.
    faulty.delay_next_fetch();
    let oban = start_on(&c, &faulty, 5).await;
    oban.insert_all((0..5).map(|name| Act::job(name.to_string(), Scene::Wait))).await.unwrap();
    c.notes.until("the next fetch has succeeded", |book| book.started.len() == 5).await;
    oban.insert_all((5..10).map(|name| Act::job(name.to_string(), Scene::Complete))).await.unwrap();
    assert_eq!(faulty.let_late_fetch_through().await, 5);
    c.notes.open_gate(5);
    c.count_becomes(JobState::Completed, 10).await;
    ran_once(&c, 10);
    let jobs = oban.jobs(oban_core::JobFilter::all()).await.unwrap();
    assert!(jobs.iter().all(|job| job.attempt == 1), "the attempts nobody made are refunded");
    oban.stop().await.unwrap();
}

pub async fn sends_outcomes_again_when_the_answer_was_lost(c: Cluster) {
    let (faulty, oban) = faulty_node(&c, 5).await;
    faulty.lose_next_acks(2);
    oban.insert_all((0..20).map(|name| Act::job(name.to_string(), Scene::Complete))).await.unwrap();
    c.count_becomes(JobState::Completed, 20).await;
    let after = oban.insert(Act::job("after", Scene::Complete)).await.unwrap();
    c.becomes(after.id, JobState::Completed).await;
    ran_once(&c, 21);
    oban.stop().await.unwrap();
}

pub async fn one_outcome_that_cannot_be_stored_holds_up_no_other(c: Cluster) {
    let (faulty, oban) = faulty_node(&c, 5).await;
    oban.pause_queue("default").await.unwrap();
    let jobs = oban
        .insert_all((0..5).map(|name| Act::job(name.to_string(), Scene::Complete).max_attempts(1)))
        .await
        .unwrap();
    faulty.refuse_completion_of(jobs[2].id);
    oban.resume_queue("default").await.unwrap();
    c.count_becomes(JobState::Completed, 4).await;
    let failed = eventually("the fifth is recorded as a failure", || async {
        let job = c.read(jobs[2].id).await;
        if job.errors.is_empty() { Err(job) } else { Ok(job) }
    })
    .await;
    assert!(failed.errors[0].error.contains("could not be stored"), "{failed:?}");
    oban.stop().await.unwrap();
}

pub async fn stops_in_an_outage(c: Cluster) {
    let (faulty, oban) = faulty_node(&c, 1).await;
    oban.insert(Act::job("a", Scene::Wait)).await.unwrap();
    c.notes.started("a").await;
    faulty.fail_next_calls(10);
    c.notes.open_gate(1);
    oban.stop().await.unwrap();
    c.count_becomes(JobState::Completed, 1).await;
}

pub async fn fetches_nothing_while_it_looks_for_lost_jobs(c: Cluster) {
    let (faulty, oban) = faulty_node(&c, 100).await;
    oban.insert_all((0..300).map(|name| Act::job(name.to_string(), Scene::Wait))).await.unwrap();
    c.notes.until("all slots are taken", |book| book.started.len() == 100).await;
    faulty.slow_next_reclaim();
    eventually("it looks for them", || async { if faulty.is_reclaiming() { Ok(()) } else { Err(()) } }).await;
    c.notes.open_gate(100);
    c.notes.until("all slots are taken again", |book| book.started.len() == 200).await;
    eventually("it has looked", || async { if faulty.is_reclaiming() { Err(()) } else { Ok(()) } }).await;
    c.notes.open_gate(200);
    c.count_becomes(JobState::Completed, 300).await;
    ran_once(&c, 300);
    oban.stop().await.unwrap();
}

pub async fn gives_leadership_up_while_the_store_does_not_answer(c: Cluster) {
    let (faulty, oban) = faulty_node(&c, 1).await;
    let leads = |wanted: bool| {
        let oban = &oban;
        move || async move { if oban.is_leader() == wanted { Ok(()) } else { Err(oban.is_leader()) } }
    };
    eventually("it leads", leads(true)).await;
    faulty.fail_next_calls(usize::MAX);
    eventually("it does not believe to lead any more", leads(false)).await;
    faulty.fail_next_calls(0);
    eventually("it leads again", leads(true)).await;
    oban.stop().await.unwrap();
}
