use std::sync::atomic::Ordering;

use async_trait::async_trait;
use oban_core::{
    Ack, Capabilities, Channel, Conn, CronCheck, CronChecked, CronInsert, CronTaken, Engine, Error,
    ErrorKind, Fetch, Fetched, Hub, Inserted, Inspect, Job, JobChanges, JobCount, JobFilter, JobId, Lease,
    NewJob, Notifier, Peer, Prune, QueueChange, QueueMeta, QueueSpec, Reclaimed, Reindex, Reindexed, Rescue,
    Result, Stage, Staged, Subscription, Touched,
};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Faulty, REFUSED_ENTRY, SLOWNESS, Upkeep, take, unavailable};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Engine for Faulty {
    fn capabilities(&self) -> Capabilities {
        // So that what asks for it runs on any engine.
        Capabilities { reindexes: true, ..self.inner.capabilities() }
    }

    async fn verify(&self) -> Result<()> {
        self.inner.verify().await
    }

    async fn init_queue(&self, spec: &QueueSpec) -> Result<QueueMeta> {
        self.inner.init_queue(spec).await
    }

    async fn update_queue(&self, meta: &mut QueueMeta, change: QueueChange) -> Result<()> {
        self.reach()?;
        self.inner.update_queue(meta, change).await
    }

    async fn refresh_queues(&self, metas: &[QueueMeta]) -> Result<()> {
        self.reach()?;
        if take(&self.slow_beats) {
            return self.beat_late(metas.to_vec()).await;
        }
        self.inner.refresh_queues(metas).await
    }

    async fn shutdown_queue(&self, meta: &QueueMeta) -> Result<()> {
        self.reach()?;
        self.inner.shutdown_queue(meta).await?;
        self.registrations().signed_off.push(meta.uuid);
        Ok(())
    }

    async fn insert_jobs(&self, conn: Option<Conn<'_>>, jobs: Vec<NewJob>) -> Result<Vec<Inserted>> {
        self.inner.insert_jobs(conn, jobs).await
    }

    async fn fetch_jobs(&self, fetch: Fetch<'_>) -> Result<Fetched> {
        self.reach()?;
        self.judge(fetch.acks)?;
        if fetch.acks.is_empty() && take(&self.delays_fetch) {
            *self.late() = Some((fetch.queue.clone(), fetch.demand));
            return Err(unavailable());
        }
        let fetched = self.inner.fetch_jobs(fetch).await?;
        if !fetched.jobs.is_empty() && take(&self.slow_fetches) {
            tokio::time::sleep(SLOWNESS).await;
        }
        if !fetched.jobs.is_empty() && take(&self.lost_fetches) {
            return Err(unavailable());
        }
        if !fetch.acks.is_empty() && fetched.jobs.is_empty() && take(&self.lost_acks) {
            return Err(unavailable());
        }
        Ok(fetched)
    }

    async fn ack_jobs(&self, acks: &[Ack]) -> Result<Vec<JobId>> {
        self.reach()?;
        self.judge(acks)?;
        let taken = self.inner.ack_jobs(acks).await?;
        if take(&self.lost_acks) { Err(unavailable()) } else { Ok(taken) }
    }

    async fn reclaim_jobs(&self, meta: &QueueMeta, running: &[JobId]) -> Result<Reclaimed> {
        self.reach()?;
        if take(&self.slow_reclaims) {
            self.reclaims.store(true, Ordering::SeqCst);
            tokio::time::sleep(SLOWNESS).await;
            self.reclaims.store(false, Ordering::SeqCst);
        }
        self.inner.reclaim_jobs(meta, running).await
    }

    async fn stage_jobs(&self, stage: Stage<'_>) -> Result<Staged> {
        self.reach()?;
        self.inner.stage_jobs(stage).await
    }

    async fn announce_queues(&self) -> Result<Vec<String>> {
        self.reach()?;
        self.inner.announce_queues().await
    }

    async fn rescue_jobs(&self, rescue: Rescue) -> Result<Vec<Touched>> {
        self.note(Upkeep::Rescue(rescue));
        self.reach()?;
        self.inner.rescue_jobs(rescue).await
    }

    async fn prune_jobs(&self, prune: Prune) -> Result<Vec<Touched>> {
        self.note(Upkeep::Prune(prune));
        self.reach()?;
        if prune.limit > self.prune_limit.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Contended, "prune_jobs", "cancelled by a statement timeout"));
        }
        self.inner.prune_jobs(prune).await
    }

    async fn check_cron(&self, check: CronCheck<'_>) -> Result<CronChecked> {
        self.reach()?;
        self.inner.check_cron(check).await
    }

    async fn insert_cron_jobs(&self, insert: CronInsert<'_>) -> Result<Vec<CronTaken>> {
        self.reach()?;
        if let Some(run) = insert.runs.iter().find(|run| run.key.name == REFUSED_ENTRY) {
            return Err(
                Error::invalid("insert_cron_jobs", "unacceptable").with_context("entry", &run.key.name)
            );
        }
        let taken = self.inner.insert_cron_jobs(insert).await?;
        if !taken.is_empty() && take(&self.lost_crons) { Err(unavailable()) } else { Ok(taken) }
    }

    async fn reindex(&self, reindex: &Reindex) -> Result<Reindexed> {
        self.note(Upkeep::Reindex(reindex.clone()));
        self.reach()?;
        if self.inner.capabilities().reindexes {
            self.inner.reindex(reindex).await
        } else {
            Ok(Reindexed::default())
        }
    }

    async fn cancel_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        Ok(self.measured(self.inner.cancel_jobs(filter).await?))
    }

    async fn retry_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        Ok(self.measured(self.inner.retry_jobs(filter).await?))
    }

    async fn delete_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        Ok(self.measured(self.inner.delete_jobs(filter).await?))
    }

    async fn update_jobs(&self, filter: &JobFilter, changes: &JobChanges) -> Result<Vec<Job>> {
        Ok(self.measured(self.inner.update_jobs(filter, changes).await?))
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Inspect for Faulty {
    async fn list_jobs(&self, filter: &JobFilter) -> Result<Vec<Job>> {
        self.inner.list_jobs(filter).await
    }

    async fn count_jobs(&self, filter: &JobFilter) -> Result<Vec<JobCount>> {
        self.inner.count_jobs(filter).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Notifier for Faulty {
    fn listen(&self, channels: &[Channel]) -> Subscription {
        if self.deaf { Hub::new().listen(channels) } else { self.inner.listen(channels) }
    }

    async fn notify(&self, channel: Channel, payloads: &[Value]) -> Result<()> {
        self.reach()?;
        if self.mute.load(Ordering::SeqCst) {
            return Err(unavailable());
        }
        self.inner.notify(channel, payloads).await
    }

    async fn run(&self, shutdown: CancellationToken) -> Result<()> {
        self.inner.run(shutdown).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Peer for Faulty {
    async fn campaign(&self, lease: &Lease) -> Result<bool> {
        self.reach()?;
        self.inner.campaign(lease).await
    }

    async fn resign(&self, lease: &Lease) -> Result<()> {
        self.inner.resign(lease).await
    }

    async fn leader(&self, name: &str) -> Result<Option<String>> {
        self.inner.leader(name).await
    }
}
