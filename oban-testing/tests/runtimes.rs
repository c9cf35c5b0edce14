//! Nodes and the tokio runtimes they live on.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::{future, time::Duration};

use oban_core::{
    Context, Inspect, JobArgs, JobFilter, JobState, Oban, Outcome, Performed, QueueOptions, Worker,
};
use oban_testing::Memory;
use serde::{Deserialize, Serialize};
use tokio::{runtime, sync::mpsc, time::timeout};

#[derive(Serialize, Deserialize)]
struct Stay {
    blocks: bool,
}

impl JobArgs for Stay {
    const WORKER: &'static str = "Stay";
}

impl Worker<mpsc::UnboundedSender<()>> for Stay {
    async fn perform(self, ctx: Context<mpsc::UnboundedSender<()>>) -> Performed {
        ctx.state().send(())?;
        if self.blocks {
            std::thread::park();
        } else {
            future::pending::<()>().await;
        }
        Ok(Outcome::Complete)
    }
}

async fn node(memory: &Memory) -> (Oban, mpsc::UnboundedReceiver<()>) {
    let (sender, started) = mpsc::unbounded_channel();
    let node = Oban::builder(memory.clone())
        .queue("default", 1)
        .queue("blocking", QueueOptions::limit(1).blocking())
        .shutdown_grace_period("10ms")
        .state(sender);
    (node.worker::<Stay>().start().await.unwrap(), started)
}

fn multi_thread() -> runtime::Runtime {
    runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

#[test]
fn a_node_hands_its_jobs_back_when_the_applications_runtime_ends() {
    let (memory, application) = (Memory::new(), multi_thread());
    let oban = application.block_on(async {
        let (oban, mut started) = node(&memory).await;
        oban.insert(Stay { blocks: false }).await.unwrap();
        started.recv().await.unwrap();
        oban
    });
    application.shutdown_background();
    multi_thread().block_on(async {
        timeout(Duration::from_secs(20), oban.stop()).await.unwrap().unwrap();
        let jobs = memory.list_jobs(&JobFilter::all()).await.unwrap();
        assert_eq!(jobs[0].state, JobState::Available);
    });
}

#[test]
fn a_job_that_blocks_for_ever_does_not_keep_the_process() {
    let (memory, application) = (Memory::new(), multi_thread());
    application.block_on(async {
        let (oban, mut started) = node(&memory).await;
        oban.insert(Stay { blocks: true }.queue("blocking")).await.unwrap();
        started.recv().await.unwrap();
        oban.stop().await.unwrap();
    });
    // What the end of `main` does. It would wait for tokio's own threads.
    drop(application);
}
