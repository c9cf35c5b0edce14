use std::{sync::Arc, time::Duration};

use oban_core::{Engine, ErrorKind, JobState};
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::{
    Cluster,
    cast::{Act, Scene},
    cluster::eventually,
    faulty::Faulty,
};

pub async fn stops_at_once_when_idle(c: Cluster) {
    let oban = c.node().queue("default", 5).shutdown_grace_period("1h").start().await.unwrap();
    timeout(Duration::from_secs(5), oban.stop()).await.expect("nothing is waited for").unwrap();
    timeout(Duration::from_secs(5), oban.stop()).await.expect("it has stopped").unwrap();
    assert_eq!(oban.start_queue("late", 1).await.unwrap_err().kind(), ErrorKind::Stopped);
}

pub async fn lets_running_jobs_finish(c: Cluster) {
    let oban = c.node().queue("default", 1).shutdown_grace_period("1h").start().await.unwrap();
    let running = oban.insert(Act::job("running", Scene::Wait)).await.unwrap();
    c.notes.started("running").await;
    let waiting = oban.insert(Act::job("waiting", Scene::Complete)).await.unwrap();
    let stop = oban.stop();
    tokio::pin!(stop);
    assert!(timeout(Duration::from_millis(50), &mut stop).await.is_err(), "it waits for the running job");
    c.notes.open_gate(1);
    stop.await.unwrap();
    assert_eq!(
        c.read(running.id).await.state,
        JobState::Completed,
        "the outcome is stored before stop returns"
    );
    assert_eq!(c.read(waiting.id).await.state, JobState::Available, "nothing is fetched after stop began");
}

pub async fn hands_back_what_outlasts_the_grace(c: Cluster) {
    let oban = c.node().queue("default", 2).shutdown_grace_period("50ms").start().await.unwrap();
    let stored = oban.insert(Act::job("a", Scene::Wait).max_attempts(1)).await.unwrap();
    c.notes.started("a").await;
    oban.stop().await.unwrap();
    let job = c.read(stored.id).await;
    assert_eq!((job.state, job.attempt, &job.meta["interrupted"]), (JobState::Available, 0, &json!(1)));
    assert!(job.errors.is_empty());
    assert_eq!(c.notes.book().left, ["a"], "the old run is gone");
    let other = c.other_node().queue("default", 2).start().await.unwrap();
    c.notes.until("it runs again", |book| book.started.len() == 2).await;
    c.notes.open_gate(1);
    assert_eq!(c.becomes(stored.id, JobState::Completed).await.attempt, 1);
    other.stop().await.unwrap();
}

pub async fn asks_jobs_to_end_before_the_grace_is_over(c: Cluster) {
    let oban = c.node().queue("default", 1).shutdown_grace_period("5s").start().await.unwrap();
    let job = oban.insert(Act::job("a", Scene::Obey)).await.unwrap();
    c.notes.started("a").await;
    oban.stop().await.unwrap();
    assert_eq!(c.notes.book().cancelled, ["a"]);
    assert_eq!(c.read(job.id).await.state, JobState::Completed, "it had time to end tidily");
}

pub async fn hands_back_what_cannot_be_stopped(c: Cluster) {
    let blocking = oban_core::QueueOptions::limit(1).blocking();
    let oban = c.node().queue("default", blocking).shutdown_grace_period("10ms").start().await.unwrap();
    let stored = oban.insert(Act::job("a", Scene::Block)).await.unwrap();
    c.notes.started("a").await;
    oban.stop().await.unwrap();
    assert_eq!(c.read(stored.id).await.state, JobState::Available);
    c.notes.open_gate(1);
    c.notes.until("it has ended", |book| book.left == ["a"]).await;
    assert_eq!(c.read(stored.id).await.state, JobState::Available, "its late outcome changes nothing");
}

pub async fn resigns_before_it_drains(c: Cluster) {
    let oban = c.node().queue("default", 1).lease("1h").shutdown_grace_period("1h").start().await.unwrap();
    eventually("the first node leads", || async { if oban.is_leader() { Ok(()) } else { Err(()) } }).await;
    let other = c.other_node().queue("other", 1).lease("1h").start().await.unwrap();
    oban.insert(Act::job("a", Scene::Wait)).await.unwrap();
    c.notes.started("a").await;
    let began = Instant::now();
    let stopping = oban.clone();
    let (stopped, ()) = tokio::join!(stopping.stop(), async {
        eventually("the other node leads", || async { if other.is_leader() { Ok(()) } else { Err(()) } })
            .await;
        assert!(!oban.is_leader());
        c.notes.open_gate(1);
    });
    stopped.unwrap();
    assert!(began.elapsed() < Duration::from_secs(25), "told by the resignation, not by the lease");
    other.stop().await.unwrap();
}

pub async fn signs_off_for_good_while_its_heart_beats(c: Cluster) {
    let faulty = Arc::new(Faulty::new(Arc::clone(&c.engine)));
    let engine: Arc<dyn Engine> = Arc::<Faulty>::clone(&faulty);
    let oban = c.node_on(engine, "web.1").queue("default", 1).start().await.unwrap();
    faulty.beats_slowly().await;
    oban.stop().await.unwrap();
    faulty.has_beaten().await;
    assert_eq!(faulty.revived(), 0, "it registered again who had signed off");
}

pub async fn stops_when_its_last_handle_is_dropped(c: Cluster) {
    let oban = c.start(1).await;
    let clone = oban.clone();
    drop(oban);
    let job = clone.insert(Act::job("a", Scene::Complete)).await.unwrap();
    c.becomes(job.id, JobState::Completed).await;
    drop(clone);
    eventually("another node leads, the first having resigned", || async {
        let other = c.other_node().queue("other", 1).lease("1h").start().await.unwrap();
        let led = timeout(Duration::from_millis(200), async {
            while !other.is_leader() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        other.stop().await.unwrap();
        led
    })
    .await;
}

pub async fn runs_until_told(c: Cluster) {
    let oban = c.start(1).await;
    let job = oban.insert(Act::job("a", Scene::Complete)).await.unwrap();
    oban.run_until(c.becomes(job.id, JobState::Completed)).await.unwrap();
    assert_eq!(oban.start_queue("late", 1).await.unwrap_err().kind(), ErrorKind::Stopped);
}
