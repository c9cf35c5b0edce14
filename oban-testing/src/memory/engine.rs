use async_trait::async_trait;
use oban_core::{
    Ack, Capabilities, Conn, CronCheck, CronChecked, CronInsert, CronTaken, Engine, Error, ErrorKind, Fetch,
    Fetched, Inserted, Job, JobChanges, JobFilter, JobId, NewJob, Prune, QueueChange, QueueMeta, QueueSpec,
    Reclaimed, Reindex, Reindexed, Rescue, Result, Stage, Staged, Touched,
};

use super::Memory;

#[async_trait]
impl Engine for Memory {
    fn capabilities(&self) -> Capabilities {
        Capabilities { name: "memory", takes_connections: false, reindexes: false }
    }

    async fn verify(&self) -> Result<()> {
        Ok(())
    }

    async fn init_queue(&self, spec: &QueueSpec) -> Result<QueueMeta> {
        Ok(self.transaction(|store, now| {
            let meta = QueueMeta::new(spec, now);
            store.producers.insert(meta.uuid.to_string(), now);
            meta
        }))
    }

    async fn update_queue(&self, meta: &mut QueueMeta, change: QueueChange) -> Result<()> {
        // The registration holds the heartbeat alone: nobody reads the settings of another's queue here.
        meta.apply(change);
        Ok(())
    }

    async fn refresh_queues(&self, metas: &[QueueMeta]) -> Result<()> {
        self.transaction(|store, now| {
            for meta in metas {
                store.producers.insert(meta.uuid.to_string(), now);
            }
        });
        Ok(())
    }

    async fn shutdown_queue(&self, meta: &QueueMeta) -> Result<()> {
        self.transaction(|store, _| store.producers.remove(&meta.uuid.to_string()));
        Ok(())
    }

    async fn insert_jobs(&self, conn: Option<Conn<'_>>, jobs: Vec<NewJob>) -> Result<Vec<Inserted>> {
        if conn.is_some() {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "insert_jobs",
                "jobs in memory cannot join a transaction; insert without it",
            ));
        }
        Ok(self.transaction(|store, now| jobs.into_iter().map(|job| store.insert(job, now)).collect()))
    }

    async fn fetch_jobs(&self, fetch: Fetch<'_>) -> Result<Fetched> {
        Ok(self.transaction(|store, now| store.fetch(fetch, now)))
    }

    async fn ack_jobs(&self, acks: &[Ack]) -> Result<Vec<JobId>> {
        Ok(self.transaction(|store, now| store.ack(acks, now)))
    }

    async fn reclaim_jobs(&self, meta: &QueueMeta, running: &[JobId]) -> Result<Reclaimed> {
        Ok(self.transaction(|store, _| store.reclaim(meta, running)))
    }

    async fn stage_jobs(&self, stage: Stage<'_>) -> Result<Staged> {
        Ok(self.transaction(|store, now| store.stage(stage, now)))
    }

    async fn announce_queues(&self) -> Result<Vec<String>> {
        Ok(self.transaction(|store, _| store.announce_waiting()))
    }

    async fn rescue_jobs(&self, rescue: Rescue) -> Result<Vec<Touched>> {
        Ok(self.transaction(|store, now| store.rescue(rescue, now)))
    }

    async fn prune_jobs(&self, prune: Prune) -> Result<Vec<Touched>> {
        Ok(self.transaction(|store, now| store.prune(prune, now)))
    }

    async fn check_cron(&self, check: CronCheck<'_>) -> Result<CronChecked> {
        Ok(self.transaction(|store, now| store.check_cron(check, now)))
    }

    async fn insert_cron_jobs(&self, insert: CronInsert<'_>) -> Result<Vec<CronTaken>> {
        Ok(self.transaction(|store, now| store.insert_cron_jobs(insert, now)))
    }

    async fn reindex(&self, _: &Reindex) -> Result<Reindexed> {
        let message = "memory has no indexes that grow";
        Err(Error::new(ErrorKind::Unsupported, "reindex", message))
    }

    async fn cancel_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        Ok(self.transaction(|store, now| store.cancel(filter, now)))
    }

    async fn retry_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        Ok(self.transaction(|store, now| store.retry(filter, now)))
    }

    async fn delete_jobs(&self, filter: &JobFilter) -> Result<Vec<Touched>> {
        Ok(self.transaction(|store, _| store.delete_selected(filter)))
    }

    async fn update_jobs(&self, filter: &JobFilter, changes: &JobChanges) -> Result<Vec<Job>> {
        Ok(self.transaction(|store, now| store.update(filter, changes, now)))
    }
}
