use oban_core::{QueueChange, QueueSpec};

use crate::{
    Harness,
    harness::{job, spec},
};

pub async fn registers_a_producer(h: Harness) {
    h.advance("5s");
    let given = QueueSpec { limit: 7, paused: true, ..spec("web.1", "quéue") };
    let meta = h.engine.init_queue(&given).await.unwrap();
    let taken = QueueSpec {
        instance: meta.instance.clone(),
        node: meta.node.clone(),
        queue: meta.queue.clone(),
        limit: meta.limit,
        paused: meta.paused,
    };
    assert_eq!(taken, given);
    assert!(!meta.draining && !meta.is_fetching());
    assert_eq!(meta.started_at, h.now());
}

pub async fn gives_every_producer_an_identity(h: Harness) {
    let first = h.producer("default").await;
    let second = h.producer("default").await;
    assert_ne!(first.uuid, second.uuid, "two of one name on one node");
}

pub async fn changes_settings(h: Harness) {
    let mut meta = h.producer("default").await;
    let uuid = meta.uuid;
    h.engine.update_queue(&mut meta, QueueChange::Limit(3)).await.unwrap();
    h.engine.update_queue(&mut meta, QueueChange::Paused(true)).await.unwrap();
    assert_eq!((meta.limit, meta.paused, meta.draining), (3, true, false));
    h.engine.update_queue(&mut meta, QueueChange::Draining).await.unwrap();
    h.engine.update_queue(&mut meta, QueueChange::Paused(false)).await.unwrap();
    assert_eq!((meta.limit, meta.paused, meta.draining), (3, false, true));
    assert_eq!(meta.uuid, uuid);
}

pub async fn says_goodbye_twice(h: Harness) {
    let meta = h.producer("default").await;
    h.engine.shutdown_queue(&meta).await.unwrap();
    h.engine.shutdown_queue(&meta).await.unwrap();
}

pub async fn removes_one_registration_only(h: Harness) {
    h.insert(job()).await;
    let (staying, leaving) = (h.producer("default").await, h.producer("default").await);
    let running = h.fetch(&staying, 1).await;
    h.engine.shutdown_queue(&leaving).await.unwrap();
    h.advance("61s");
    assert_eq!(h.rescue().await.len(), 1, "the one that stayed is still judged by its heartbeat");
    assert_ne!(h.read(running[0].id).await, running[0]);
}
