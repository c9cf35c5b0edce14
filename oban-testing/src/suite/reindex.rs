use std::time::Duration;

use oban_core::{ErrorKind, JobState, Reindex};

use crate::{
    Harness,
    harness::{ids, job},
};

pub async fn rebuilds_or_says_that_it_cannot(h: Harness) {
    let stored = h.insert_all([job(), job()]).await;
    let reindex = Reindex { indexes: Vec::new(), timeout: Duration::from_secs(60) };
    let answer = h.engine.reindex(&reindex).await;
    if h.engine.capabilities().reindexes {
        let done = answer.unwrap();
        assert!(!done.rebuilt.is_empty() && done.failed.is_empty(), "{done:?}");
    } else {
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::Unsupported);
    }
    let producer = h.producer("default").await;
    assert_eq!(ids(&h.fetch(&producer, 9).await), ids(&stored));
    assert_eq!(h.read(stored[0].id).await.state, JobState::Executing);
}
