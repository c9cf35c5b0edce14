use super::Oban;
use crate::{
    QueueSpec, Result,
    queue::{Drain, Drained, Drainer},
};

impl Oban {
    /// Runs the available jobs of a queue here and now, in the caller's task, one after the other, and tells what came of
    /// them: `oban.drain_queue("mailers").await?`, or with [`Drain`] for scheduled jobs, jobs that jobs insert, a limit,
    /// and failures that end it.
    ///
    /// The jobs run as on a node: args through JSON, timeouts, panics, backoff, and outcomes that count only while the
    /// row is still that run. The queue need not run on this node; where it does, here or elsewhere, each job is still run
    /// by one of them. In tests with [`Testing::Manual`](crate::Testing::Manual) nobody else runs any.
    ///
    /// It sees what was committed: jobs of an open transaction are not run. While the store does not answer, it waits to
    /// store an outcome. Dropped, it drops the job that runs and hands that and the rest back.
    ///
    /// # Errors
    /// `Invalid` for a queue's name that is not allowed and a limit of 0; `Stopped` when the instance has stopped or does
    /// so meanwhile; `Failed` as [`Drain::without_safety`] says; and whatever keeps the store from giving jobs.
    pub async fn drain_queue(&self, drain: impl Into<Drain>) -> Result<Drained> {
        let drain = drain.into();
        drain.validate()?;
        self.node.ensure_running("drain_queue")?;
        let spec = QueueSpec {
            instance: self.name().to_owned(),
            node: self.node().to_owned(),
            queue: drain.queue.clone(),
            limit: 1,
            paused: false,
        };
        let drainer = Drainer::start(
            self.node.engine.clone(),
            self.node.supervisor.clone(),
            self.node.executor(),
            self.node.stopping.clone(),
            spec,
            self.node.settings.heartbeat_interval,
        );
        drainer.await?.drain(&drain).await
    }
}
