//! What nodes run: each job says that it starts, by a line on its process's stdout.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use oban::{Context, JobArgs, Outcome, Performed, Unique, Worker, job};
use sqlx::PgPool;
use tokio::sync::watch;

use crate::node::say;

/// What the jobs of a process share.
#[derive(Clone)]
pub(crate) struct Scene {
    /// Opened by the test.
    pub(crate) gate: watch::Receiver<bool>,
    /// For locks.
    pub(crate) pool: PgPool,
    /// How many jobs may run at once.
    pub(crate) limit: usize,
    pub(crate) running: Arc<AtomicUsize>,
}

/// Takes so many milliseconds.
#[job(queue = "default")]
pub(crate) struct Work {
    pub(crate) millis: u64,
}

/// Takes until the gate opens.
#[job(queue = "default")]
pub(crate) struct Hold {}

/// Holds a lock on its own id, and tells when somebody else does.
#[job(queue = "default")]
pub(crate) struct Alone {
    pub(crate) millis: u64,
}

/// Inserts unique jobs that other nodes insert as well, one by one and in bulk, for a queue that no node runs.
#[job(queue = "default")]
pub(crate) struct Sow {
    pub(crate) count: u64,
}

impl Worker<Scene> for Work {
    async fn perform(self, ctx: Context<Scene>) -> Performed {
        let _presence = enter(&ctx);
        work(self.millis).await;
        Ok(Outcome::Complete)
    }
}

impl Worker<Scene> for Hold {
    async fn perform(self, ctx: Context<Scene>) -> Performed {
        let _presence = enter(&ctx);
        let _end = Told(format!("held {}", ctx.job().id));
        let mut gate = ctx.state().gate.clone();
        gate.wait_for(|open| *open).await?;
        Ok(Outcome::Complete)
    }
}

impl Worker<Scene> for Alone {
    async fn perform(self, ctx: Context<Scene>) -> Performed {
        let _presence = enter(&ctx);
        let id = ctx.job().id.0;
        let mut tx = ctx.state().pool.begin().await?;
        let locked: bool =
            sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)").bind(id).fetch_one(&mut *tx).await?;
        if !locked {
            say(&format!("twice {id}"));
        }
        work(self.millis).await;
        tx.commit().await?;
        Ok(Outcome::Complete)
    }
}

impl Worker<Scene> for Sow {
    async fn perform(self, ctx: Context<Scene>) -> Performed {
        let _presence = enter(&ctx);
        let seed = |millis| Work { millis }.queue("elsewhere").unique(Unique::forever());
        // Each begins elsewhere, so that they meet.
        let first = ctx.job().id.0.unsigned_abs() * 7 % self.count;
        for millis in (first..self.count).chain(0..first).step_by(3) {
            ctx.oban().insert(seed(millis)).await?;
        }
        ctx.oban().insert_all((0..self.count).map(seed)).await?;
        Ok(Outcome::Complete)
    }
}

async fn work(millis: u64) {
    if millis > 0 {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}

/// Says this when it is dropped.
struct Told(String);

impl Drop for Told {
    fn drop(&mut self) {
        say(&self.0);
    }
}

/// A job that runs. Its drop tells that it does no more, however it ended.
struct Presence(Arc<AtomicUsize>);

fn enter(ctx: &Context<Scene>) -> Presence {
    let (scene, job) = (ctx.state(), ctx.job());
    say(&format!("run {} {}", job.id, job.attempt));
    if scene.running.fetch_add(1, Ordering::SeqCst) >= scene.limit {
        say(&format!("crowded {}", job.id));
    }
    Presence(Arc::clone(&scene.running))
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
