use std::{future::Future, sync::Arc, time::Duration};

use oban_core::{Builder, Engine, Inserted, Job, JobFilter, JobId, JobState, NewJob, Oban};
use tokio::time::Instant;

use super::cast::{Act, Notes};
use crate::Fixture;

/// What a story works with: one empty store, seen by two nodes that are started as the story wants them.
#[derive(Debug)]
pub struct Cluster {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) other: Arc<dyn Engine>,
    pub(crate) notes: Notes,
}

/// Nothing a story waits for takes so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

impl Cluster {
    pub(crate) fn new(fixture: Fixture) -> Self {
        Self { engine: fixture.engine, other: fixture.other, notes: Notes::default() }
    }

    /// A first node, impatient enough for tests.
    pub(crate) fn node(&self) -> Builder<Notes> {
        self.node_on(Arc::clone(&self.engine), "web.1")
    }

    /// A second node.
    pub(crate) fn other_node(&self) -> Builder<Notes> {
        self.node_on(Arc::clone(&self.other), "web.2")
    }

    /// A node on an engine of the story's own making.
    pub(crate) fn node_on(&self, engine: Arc<dyn Engine>, name: &str) -> Builder<Notes> {
        Oban::builder_on(engine)
            .node(name)
            .state(self.notes.clone())
            .worker::<Act>()
            .stage_interval("50ms")
            .heartbeat_interval("100ms")
            .stale_after("1s")
            .lease("900ms")
            .cancel_grace_period("100ms")
    }

    /// The first node with one queue, `default`.
    pub(crate) async fn start(&self, limit: usize) -> Oban {
        self.node().queue("default", limit).start().await.unwrap()
    }

    /// Runs one job on a node of its own until it has this state.
    pub(crate) async fn perform(&self, job: NewJob, state: JobState) -> Job {
        let oban = self.start(5).await;
        let job = self.becomes(oban.insert(job).await.unwrap().id, state).await;
        oban.stop().await.unwrap();
        job
    }

    /// Waits until a job has this state.
    pub(crate) async fn becomes(&self, id: JobId, state: JobState) -> Job {
        let what = format!("job {id} is {state}");
        eventually(&what, || async {
            let job = self.read(id).await;
            if job.state == state { Ok(job) } else { Err(job) }
        })
        .await
    }

    /// Waits until so many jobs have this state.
    pub(crate) async fn count_becomes(&self, state: JobState, count: u64) {
        let what = format!("{count} jobs are {state}");
        eventually(&what, || async {
            let found = self.count(state).await;
            if found == count { Ok(()) } else { Err(found) }
        })
        .await;
    }

    /// How many jobs have this state.
    pub(crate) async fn count(&self, state: JobState) -> u64 {
        let counts = self.engine.count_jobs(&JobFilter::all().state(state)).await.unwrap();
        counts.iter().map(|count| count.count).sum()
    }

    /// The row as it is stored now.
    pub(crate) async fn read(&self, id: JobId) -> Job {
        self.engine.list_jobs(&JobFilter::id(id)).await.unwrap().pop().expect("the job is there")
    }
}

/// Asks again until the answer is `Ok`.
pub(crate) async fn eventually<T, E, F>(what: &str, mut ask: impl FnMut() -> F) -> T
where
    E: std::fmt::Debug,
    F: Future<Output = Result<T, E>>,
{
    let deadline = Instant::now() + PATIENCE;
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(error) => assert!(Instant::now() < deadline, "waited in vain until {what}: {error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The ids of inserted jobs.
pub(crate) fn ids(inserted: &[Inserted]) -> Vec<JobId> {
    inserted.iter().map(|inserted| inserted.id).collect()
}
