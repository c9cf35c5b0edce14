//! Notifications are not passed on.

use std::time::Duration;

use tokio::time::Instant;

use crate::{database::Database, node::Settings, proxy::Proxy, worker::Work};

#[tokio::test(flavor = "multi_thread")]
async fn jobs_start_within_the_staging_interval() {
    const INTERVAL: Duration = Duration::from_millis(500);
    /// For machines that are busy.
    const MARGIN: Duration = Duration::from_secs(2);
    let database = Database::migrated().await;
    let proxy = Proxy::start(database.address()).await;
    proxy.swallow_notifications();
    let url = database.url_through(proxy.port);
    let node = Settings::new("web", url).stage_interval("500ms").start().await;
    let swallowed = proxy.swallowed();
    for count in 1..=5 {
        let inserted_at = Instant::now();
        database.insert([Work { millis: 0 }]).await;
        node.has_run(count).await;
        let waited = inserted_at.elapsed();
        assert!(waited < INTERVAL + MARGIN, "job {count} waited {waited:?}");
    }
    assert!(proxy.swallowed() - swallowed >= 5, "notifications went another way");
}
