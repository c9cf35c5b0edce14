//! Two processes that by mistake share a node's name.

use std::collections::BTreeSet;

use sqlx::Row;

use crate::{
    database::Database,
    node::{Node, Seen, Settings},
    wait::eventually,
};

const NAME: &str = "twin";

#[tokio::test(flavor = "multi_thread")]
async fn namesakes_never_lead_together() {
    let database = Database::migrated().await;
    let settings = Settings::new(NAME, database.url());
    let (one, two) = tokio::join!(settings.start(), settings.start());
    leads(&one, &two).await;
    extends_lease(&database, 10).await;
    let (leader, other) = if one.seen().leads.is_empty() { (two, one) } else { (one, two) };
    assert_eq!((leader.seen().leads, other.seen().leads), (vec![true], vec![]), "both lead");

    leader.kill().await;
    other.until("it takes over", |seen| seen.leads == [true]).await;
    let third = settings.start().await;
    extends_lease(&database, 5).await;
    assert_eq!((other.seen().leads, third.seen().leads), (vec![true], vec![]), "both lead");

    other.stop().await;
    third.until("it is given leadership", |seen| seen.leads == [true]).await;
    assert_eq!(third.stop().await.leads.first(), Some(&true));
    assert_eq!(database.number("SELECT count(*) FROM oban_peers").await, 0, "the last one resigned");
}

/// Waits until one of them leads.
async fn leads(one: &Node, two: &Node) {
    let leads = |seen: &Seen| !seen.leads.is_empty();
    tokio::select! {
        _ = one.until("one leads", leads) => {}
        _ = two.until("one leads", leads) => {}
    }
}

/// Waits until the lease was extended so often, always by the same process.
async fn extends_lease(database: &Database, count: usize) {
    let (mut expiries, mut holders) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..count {
        let known = expiries.clone();
        let (holder, expiry) = eventually("the lease is extended", || async {
            let rows = database.run("SELECT node, expires_at::text FROM oban_peers").await;
            let found = rows.first().map(|row| (row.get::<String, _>(0), row.get::<String, _>(1)));
            found.filter(|(_, expiry)| !known.contains(expiry)).ok_or("it is the same as before")
        })
        .await;
        expiries.insert(expiry);
        holders.insert(holder);
    }
    assert_eq!(holders.len(), 1, "{holders:?}");
}
