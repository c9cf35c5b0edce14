use std::sync::Arc;

use oban_core::{Engine, ErrorKind, JobState, Scope};

use super::{
    Cluster,
    cast::{Act, Scene},
    cluster::eventually,
    faulty::Faulty,
};

pub async fn pauses_and_resumes_a_queue(c: Cluster) {
    let oban = c.node().queue("default", 2).queue("other", 2).start().await.unwrap();
    oban.pause_queue("default").await.unwrap();
    assert!(oban.check_queue("default").await.unwrap().paused);
    let paused = oban.insert(Act::job("paused", Scene::Complete)).await.unwrap();
    let other = oban.insert(Act::job("other", Scene::Complete).queue("other")).await.unwrap();
    c.becomes(other.id, JobState::Completed).await;
    assert_eq!(c.read(paused.id).await.state, JobState::Available);
    oban.resume_queue("default").await.unwrap();
    c.becomes(paused.id, JobState::Completed).await;
    oban.stop().await.unwrap();
}

pub async fn scales_a_queue(c: Cluster) {
    let oban = c.start(1).await;
    oban.insert_all((0..6).map(|number| Act::job(number.to_string(), Scene::Wait))).await.unwrap();
    c.notes.until("one runs", |book| book.started.len() == 1).await;
    oban.scale_queue("default", 4).await.unwrap();
    c.notes.until("four run", |book| book.started.len() == 4).await;
    oban.scale_queue("default", 1).await.unwrap();
    c.notes.open_gate(3);
    eventually("one of the four is left", || async {
        let running = oban.check_queue("default").await.unwrap().running;
        if running.len() == 1 { Ok(()) } else { Err(running) }
    })
    .await;
    assert_eq!(c.notes.book().started.len(), 4, "none is fetched while there is more than the limit");
    c.notes.open_gate(3);
    c.count_becomes(JobState::Completed, 6).await;
    oban.stop().await.unwrap();
}

pub async fn starts_and_stops_a_queue(c: Cluster) {
    let oban = c.start(1).await;
    let late = oban.insert(Act::job("late", Scene::Complete).queue("late")).await.unwrap();
    oban.start_queue("late", 2).await.unwrap();
    c.becomes(late.id, JobState::Completed).await;
    let names: Vec<String> =
        oban.check_all_queues().await.unwrap().into_iter().map(|info| info.queue).collect();
    assert_eq!(names, ["default", "late"]);
    let twice = oban.start_queue(("late", Scope::Local), 2).await.unwrap_err();
    assert!(twice.kind() == ErrorKind::Invalid && twice.to_string().contains("\"late\""), "{twice}");
    oban.stop_queue("late").await.unwrap();
    let after = oban.insert(Act::job("after", Scene::Complete).queue("late")).await.unwrap();
    let done = oban.insert(Act::job("done", Scene::Complete)).await.unwrap();
    c.becomes(done.id, JobState::Completed).await;
    assert_eq!(c.read(after.id).await.state, JobState::Available);
    oban.stop().await.unwrap();
}

pub async fn serves_a_queue_that_is_started_on_a_node_without_any(c: Cluster) {
    let oban = c.node().start().await.unwrap();
    oban.start_queue("default", 1).await.unwrap();
    let job = oban.insert(Act::job("a", Scene::Complete).schedule_in("100ms")).await.unwrap();
    c.becomes(job.id, JobState::Completed).await;
    eventually("it leads", || async { if oban.is_leader() { Ok(()) } else { Err(()) } }).await;
    oban.stop().await.unwrap();
}

pub async fn starts_a_queue_once(c: Cluster) {
    let oban = c.start(1).await;
    let start = || oban.start_queue(("late", Scope::Local), 1);
    let starts = tokio::join!(start(), start(), start());
    let started = [starts.0, starts.1, starts.2].into_iter().filter(Result::is_ok).count();
    assert_eq!(started, 1);
    oban.stop().await.unwrap();
}

pub async fn starts_no_queue_beside_a_stop(c: Cluster) {
    let oban = c.start(1).await;
    let (_, stopped) = tokio::join!(oban.start_queue("late", 1), oban.stop());
    stopped.unwrap();
    assert_eq!(oban.check_all_queues().await.unwrap(), [], "whichever came first, nothing runs on");
    let job = oban.insert(Act::job("a", Scene::Complete).queue("late")).await.unwrap();
    let next = c.other_node().queue("default", 1).start().await.unwrap();
    let other = next.insert(Act::job("other", Scene::Complete)).await.unwrap();
    c.becomes(other.id, JobState::Completed).await;
    assert_eq!(c.read(job.id).await.attempt, 0);
    next.stop().await.unwrap();
}

pub async fn names_a_queue_it_does_not_run(c: Cluster) {
    let oban = c.start(1).await;
    for error in [
        oban.pause_queue(("mailers", Scope::Local)).await.unwrap_err(),
        oban.scale_queue(("mailers", Scope::Local), 3).await.unwrap_err(),
        oban.stop_queue(("mailers", Scope::Local)).await.unwrap_err(),
        oban.check_queue("mailers").await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(
            error.to_string().contains("\"mailers\"") && error.to_string().contains("default"),
            "{error}"
        );
    }
    assert_eq!(oban.scale_queue("default", 0).await.unwrap_err().kind(), ErrorKind::Invalid);
    oban.stop().await.unwrap();
}

pub async fn tells_a_cancelled_job_to_end(c: Cluster) {
    let oban = c.start(1).await;
    let job = oban.insert(Act::job("a", Scene::Obey)).await.unwrap();
    c.notes.started("a").await;
    assert!(oban.cancel_job(job.id).await.unwrap());
    c.notes.until("it saw its cancellation", |book| book.cancelled == ["a"]).await;
    let next = oban.insert(Act::job("next", Scene::Complete)).await.unwrap();
    c.becomes(next.id, JobState::Completed).await;
    let cancelled = c.read(job.id).await;
    assert_eq!(cancelled.state, JobState::Cancelled, "that it completed afterwards changes nothing");
    assert!(cancelled.completed_at.is_none() && cancelled.cancelled_at.is_some());
    assert!(!oban.cancel_job(job.id).await.unwrap(), "it is cancelled already");
    oban.stop().await.unwrap();
}

pub async fn tells_a_job_that_was_cancelled_before_its_fetch_was_answered(c: Cluster) {
    let faulty = Arc::new(Faulty::new(Arc::clone(&c.engine)));
    let engine = Arc::clone(&faulty) as Arc<dyn Engine>;
    let oban = c.node_on(engine, "web.1").queue("default", 1).start().await.unwrap();
    faulty.slow_next_fetch();
    let job = oban.insert(Act::job("a", Scene::Obey)).await.unwrap();
    c.becomes(job.id, JobState::Executing).await;
    assert!(oban.cancel_job(job.id).await.unwrap());
    assert!(c.notes.book().started.is_empty(), "it was cancelled before the answer");
    c.notes.until("it saw its cancellation", |book| book.cancelled == ["a"]).await;
    oban.stop().await.unwrap();
}

pub async fn drops_a_cancelled_job_that_does_not_listen(c: Cluster) {
    let oban = c.start(1).await;
    let job = oban.insert(Act::job("a", Scene::Hang)).await.unwrap();
    c.notes.started("a").await;
    oban.cancel_job(job.id).await.unwrap();
    c.notes.until("it was dropped", |book| book.left == ["a"]).await;
    let next = oban.insert(Act::job("next", Scene::Complete)).await.unwrap();
    c.becomes(next.id, JobState::Completed).await;
    assert_eq!(c.read(job.id).await.state, JobState::Cancelled);
    oban.stop().await.unwrap();
}

pub async fn never_runs_a_job_cancelled_before(c: Cluster) {
    let oban = c.start(1).await;
    oban.pause_queue("default").await.unwrap();
    let job = oban.insert(Act::job("a", Scene::Complete)).await.unwrap();
    let next = oban.insert(Act::job("next", Scene::Complete)).await.unwrap();
    oban.cancel_job(job.id).await.unwrap();
    oban.resume_queue("default").await.unwrap();
    c.becomes(next.id, JobState::Completed).await;
    assert_eq!((c.read(job.id).await.state, c.notes.book().started.len()), (JobState::Cancelled, 1));
    oban.stop().await.unwrap();
}

pub async fn survives_a_row_that_vanishes_while_it_runs(c: Cluster) {
    let oban = c.start(1).await;
    let job = oban.insert(Act::job("a", Scene::Wait)).await.unwrap();
    c.notes.started("a").await;
    oban.cancel_all(oban_core::JobFilter::id(job.id)).await.unwrap();
    assert!(oban.delete_job(job.id).await.unwrap());
    c.notes.open_gate(1);
    let next = oban.insert(Act::job("next", Scene::Complete)).await.unwrap();
    c.becomes(next.id, JobState::Completed).await;
    oban.stop().await.unwrap();
}

pub async fn retries_and_updates_on_demand(c: Cluster) {
    let oban = c.start(1).await;
    let job = oban.insert(Act::job("a", Scene::FailUntil(2)).max_attempts(1)).await.unwrap();
    c.becomes(job.id, JobState::Discarded).await;
    assert!(oban.retry_job(job.id).await.unwrap());
    let job = c.becomes(job.id, JobState::Completed).await;
    assert_eq!((job.attempt, job.max_attempts), (2, 2));
    let updated = oban.update_job(job.id, |job| job.priority(7).tags(["Kept"])).await.unwrap();
    assert_eq!((updated.priority, &updated.tags[..]), (7, &["kept".to_owned()][..]));
    assert_eq!(oban.update_job(0, |job| job.priority(1)).await.unwrap_err().kind(), ErrorKind::NotFound);
    let error = oban.update_job(job.id, |job| job.priority(10)).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Invalid && error.to_string().contains("priority 10"), "{error}");
    oban.stop().await.unwrap();
}
