use oban_core::{Channel, Notice, Subscription};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::{Harness, harness::job};

pub async fn reaches_its_own_node(h: Harness) {
    let mut ear = h.ear(Channel::Sonar).await;
    h.engine.notify(Channel::Sonar, &[json!({"node": "web.1"})]).await.unwrap();
    assert_eq!(ear.heard().await, [json!({"node": "web.1"})]);
}

pub async fn reaches_the_other_node(h: Harness) {
    let mut ear = h.other_ear(Channel::Sonar).await;
    h.engine.notify(Channel::Sonar, &[json!({"node": "web.1", "ping": true})]).await.unwrap();
    assert_eq!(ear.heard().await, [json!({"node": "web.1", "ping": true})]);
}

pub async fn keeps_channels_apart(h: Harness) {
    let mut insert = h.other_ear(Channel::Insert).await;
    let mut leader = h.other_ear(Channel::Leader).await;
    h.engine.notify(Channel::Leader, &[json!({"down": "Oban"})]).await.unwrap();
    h.engine.notify(Channel::Insert, &[json!({"queue": "a"})]).await.unwrap();
    assert_eq!(insert.heard().await, [json!({"queue": "a"})]);
    assert_eq!(leader.heard().await, [json!({"down": "Oban"})]);
}

pub async fn hears_several_channels_by_one_subscription(h: Harness) {
    let mut subscription = h.other.listen(&[Channel::Insert, Channel::Leader]);
    let mut ear = h.other_ear(Channel::Sonar).await;
    for (channel, key) in [(Channel::Sonar, "node"), (Channel::Insert, "queue"), (Channel::Leader, "down")] {
        h.engine.notify(channel, &[json!({ key: "a" })]).await.unwrap();
    }
    assert_eq!(ear.heard().await, [json!({"node": "a"})]);
    let mut heard = Vec::new();
    while heard.len() < 2 {
        let notice = timeout(PATIENCE, subscription.next()).await.unwrap().unwrap();
        if let Notice::Hint { channel, .. } = notice {
            heard.push(channel);
        }
    }
    heard.sort();
    assert_eq!(heard, [Channel::Insert, Channel::Leader]);
}

pub async fn carries_many_payloads_in_order(h: Harness) {
    let mut ear = h.other_ear(Channel::Insert).await;
    let payloads: Vec<Value> = (0..100).map(|n| json!({"queue": format!("queue {n}")})).collect();
    h.engine.notify(Channel::Insert, &payloads).await.unwrap();
    assert_eq!(ear.heard().await, payloads);
    h.engine.notify(Channel::Insert, &[]).await.unwrap();
    assert!(ear.heard().await.is_empty());
}

pub async fn carries_any_text(h: Harness) {
    let mut ear = h.other_ear(Channel::Insert).await;
    let payload =
        json!({"queue": "it's \"ü\" \\ 🦀 $1 \n", "more": {"nested": [1, null, 9_007_199_254_740_993_i64]}});
    h.engine.notify(Channel::Insert, std::slice::from_ref(&payload)).await.unwrap();
    assert_eq!(ear.heard().await, [payload]);
}

pub async fn hears_a_hint_once_though_run_twice(h: Harness) {
    let mut older = h.engine.listen(&[Channel::Insert]);
    let mut ear = h.ear(Channel::Insert).await;
    let mut twin = h.ear(Channel::Insert).await;
    h.engine.notify(Channel::Insert, &[json!({"queue": "a"})]).await.unwrap();
    assert_eq!(ear.heard().await, [json!({"queue": "a"})]);
    assert_eq!(twin.heard().await, [json!({"queue": "a"})]);
    h.engine.notify(Channel::Insert, &[json!({"queue": "end"})]).await.unwrap();
    assert_eq!([hint(&mut older).await, hint(&mut older).await], ["a", "end"]);
}

pub async fn stops_when_told(h: Harness) {
    let shutdown = CancellationToken::new();
    shutdown.cancel();
    timeout(PATIENCE, h.engine.run(shutdown)).await.unwrap().unwrap();
}

pub async fn keeps_subscriptions_made_before_it_runs(h: Harness) {
    let mut subscription = h.engine.listen(&[Channel::Insert]);
    h.insert(job().queue("before")).await;
    let _ear = h.ear(Channel::Insert).await;
    h.insert(job().queue("after")).await;
    while hint(&mut subscription).await != "after" {}
}

pub async fn tells_that_hints_before_it_ran_may_be_missed(h: Harness) {
    let mut subscription = h.other.listen(&[Channel::Insert]);
    h.engine.notify(Channel::Insert, &[json!({"queue": "before"})]).await.unwrap();
    let _ear = h.other_ear(Channel::Insert).await;
    let first = timeout(PATIENCE, subscription.next()).await.unwrap().unwrap();
    assert!(matches!(first, Notice::Missed) || first.text("queue") == Some("before"), "{first:?}");
}

pub async fn keeps_subscriptions_over_a_restart(h: Harness) {
    let mut subscription = h.engine.listen(&[Channel::Insert]);
    drop(h.ear(Channel::Insert).await);
    let _ear = h.ear(Channel::Insert).await;
    repeat_until_heard(&h, &mut subscription).await;
}

pub async fn goes_on_when_one_of_two_runs_stops(h: Harness) {
    let mut subscription = h.engine.listen(&[Channel::Insert]);
    let first = h.ear(Channel::Insert).await;
    let _second = h.ear(Channel::Insert).await;
    drop(first);
    repeat_until_heard(&h, &mut subscription).await;
}

const PATIENCE: Duration = Duration::from_secs(20);

/// The queue of the next hint that names one.
async fn hint(subscription: &mut Subscription) -> String {
    loop {
        let notice = timeout(PATIENCE, subscription.next()).await.unwrap().unwrap();
        if let Some(queue) = notice.text("queue") {
            return queue.to_owned();
        }
    }
}

/// Sends a hint until it is heard: some may be lost while one run takes over from another.
async fn repeat_until_heard(h: &Harness, subscription: &mut Subscription) {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        h.other.notify(Channel::Insert, &[json!({"queue": "again"})]).await.unwrap();
        let heard = async { while hint(subscription).await != "again" {} };
        if timeout(Duration::from_millis(50), heard).await.is_ok() {
            return;
        }
    }
    panic!("the subscription hears nothing");
}
