use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use oban_core::{Channel, Lease};
use serde_json::json;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::Harness;

fn candidate(node: &str) -> Lease {
    let ttl = Duration::from_secs(30);
    Lease { name: "Oban".to_owned(), node: node.to_owned(), uuid: Uuid::new_v4(), ttl }
}

pub async fn elects_the_first_candidate(h: Harness) {
    assert_eq!(h.engine.leader("Oban").await.unwrap(), None);
    let (first, second) = (candidate("web.1"), candidate("web.2"));
    assert!(h.engine.campaign(&first).await.unwrap());
    assert!(!h.other.campaign(&second).await.unwrap());
    assert_eq!(h.engine.leader("Oban").await.unwrap().as_deref(), Some("web.1"));
    assert_eq!(h.other.leader("Oban").await.unwrap().as_deref(), Some("web.1"));
}

pub async fn elects_one_of_many_at_once(h: Harness) {
    let mut nodes = JoinSet::new();
    for n in 0..10 {
        let engine = Arc::clone(if n % 2 == 0 { &h.engine } else { &h.other });
        nodes.spawn(async move { engine.campaign(&candidate(&format!("web.{n}"))).await.unwrap() });
    }
    let won = nodes.join_all().await.into_iter().filter(|leads| *leads).count();
    assert_eq!(won, 1);
}

pub async fn extends_the_leaders_lease(h: Harness) {
    let (first, second) = (candidate("web.1"), candidate("web.2"));
    for _ in 0..10 {
        assert!(h.engine.campaign(&first).await.unwrap());
        h.advance("20s");
        assert!(!h.other.campaign(&second).await.unwrap());
    }
    assert_eq!(h.other.leader("Oban").await.unwrap().as_deref(), Some("web.1"));
}

pub async fn replaces_a_leader_whose_lease_expired(h: Harness) {
    let (first, second) = (candidate("web.1"), candidate("web.2"));
    assert!(h.engine.campaign(&first).await.unwrap());
    h.advance("29s");
    assert!(!h.other.campaign(&second).await.unwrap());
    h.advance("2s");
    assert_eq!(h.engine.leader("Oban").await.unwrap(), None, "an expired lease leads nobody");
    assert!(h.other.campaign(&second).await.unwrap());
    assert!(!h.engine.campaign(&first).await.unwrap(), "the former leader learns that it was replaced");
    assert_eq!(h.engine.leader("Oban").await.unwrap().as_deref(), Some("web.2"));
}

pub async fn takes_its_own_expired_lease_again(h: Harness) {
    let lease = candidate("web.1");
    assert!(h.engine.campaign(&lease).await.unwrap());
    h.advance("1h");
    assert!(h.engine.campaign(&lease).await.unwrap());
    assert_eq!(h.engine.leader("Oban").await.unwrap().as_deref(), Some("web.1"));
}

pub async fn refuses_another_process_of_the_same_name(h: Harness) {
    let (first, second) = (candidate("web.1"), candidate("web.1"));
    assert!(h.engine.campaign(&first).await.unwrap());
    assert!(!h.engine.campaign(&second).await.unwrap());
    h.other.resign(&second).await.unwrap();
    assert!(!h.other.campaign(&second).await.unwrap(), "nor can it resign for the leader");
    assert!(h.engine.campaign(&first).await.unwrap());
}

pub async fn keeps_its_leader_when_the_clock_steps_back(h: Harness) {
    let (first, second) = (candidate("web.1"), candidate("web.2"));
    assert!(h.engine.campaign(&first).await.unwrap());
    h.clock.advance(TimeDelta::hours(-1));
    assert!(!h.other.campaign(&second).await.unwrap());
    assert!(h.engine.campaign(&first).await.unwrap());
    h.advance("31s");
    assert!(h.other.campaign(&second).await.unwrap(), "the lease counts from its last extension");
}

pub async fn counts_the_latest_ttl(h: Harness) {
    let lease = candidate("web.1");
    assert!(h.engine.campaign(&lease).await.unwrap());
    let longer = Lease { ttl: Duration::from_secs(300), ..lease };
    assert!(h.engine.campaign(&longer).await.unwrap());
    h.advance("4m");
    assert!(!h.other.campaign(&candidate("web.2")).await.unwrap());
    h.advance("61s");
    assert!(h.other.campaign(&candidate("web.2")).await.unwrap());
}

pub async fn frees_the_lease_at_once(h: Harness) {
    let (first, second) = (candidate("web.1"), candidate("web.2"));
    assert!(h.engine.campaign(&first).await.unwrap());
    h.engine.resign(&first).await.unwrap();
    assert_eq!(h.other.leader("Oban").await.unwrap(), None);
    assert!(h.other.campaign(&second).await.unwrap());
    h.engine.resign(&first).await.unwrap();
    assert_eq!(
        h.other.leader("Oban").await.unwrap().as_deref(),
        Some("web.2"),
        "resigning twice harms nobody"
    );
}

pub async fn announces_a_resignation(h: Harness) {
    let (first, second) = (candidate("web.1"), candidate("web.2"));
    let mut ear = h.other_ear(Channel::Leader).await;
    assert!(h.engine.campaign(&first).await.unwrap());
    h.engine.resign(&second).await.unwrap();
    assert!(ear.heard().await.is_empty(), "who does not lead has nothing to announce");
    h.engine.resign(&first).await.unwrap();
    let heard = ear.heard().await;
    assert_eq!(heard.iter().map(|hint| &hint["down"]).collect::<Vec<_>>(), [&json!("Oban")]);
}

pub async fn elects_for_each_instance(h: Harness) {
    let first = candidate("web.1");
    let second = Lease { name: "Other".to_owned(), ..candidate("web.2") };
    assert!(h.engine.campaign(&first).await.unwrap());
    assert!(h.other.campaign(&second).await.unwrap());
    h.engine.resign(&first).await.unwrap();
    assert_eq!(h.engine.leader("Oban").await.unwrap(), None);
    assert_eq!(h.engine.leader("Other").await.unwrap().as_deref(), Some("web.2"));
}
