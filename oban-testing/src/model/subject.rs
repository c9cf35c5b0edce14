use std::{collections::BTreeMap, sync::Arc};

use chrono::TimeDelta;
use oban_core::{
    Ack, Fetch, Finish, Job, JobFilter, JobId, Prune, QueueChange, QueueMeta, Rescue, Stage, Touched,
};

use super::step::{
    Answer, CANCELLED_AFTER, COMPLETED_AFTER, Choice, DISCARDED_AFTER, PRODUCERS, RESCUE_AFTER, STALE_AFTER,
    Step, ago,
};
use crate::{Harness, harness::spec};

/// An engine that lives through a history. It translates between its own names and the model's: jobs
/// are numbered there by their insertion, and producers by their place.
pub(super) struct Subject {
    h: Harness,
    producers: Vec<QueueMeta>,
    executions: Vec<Job>,
    ids: Vec<JobId>,
    numbers: BTreeMap<JobId, JobId>,
}

impl Subject {
    pub(super) async fn new(h: Harness) -> Self {
        let mut producers = Vec::new();
        for (node, queue) in PRODUCERS {
            producers.push(h.engine.init_queue(&spec(node, queue)).await.unwrap());
        }
        Self { h, producers, executions: Vec::new(), ids: Vec::new(), numbers: BTreeMap::new() }
    }

    /// Every row, as another node sees it.
    pub(super) async fn rows(&self) -> Vec<Job> {
        self.renamed(self.h.other.list_jobs(&JobFilter::all()).await.unwrap())
    }

    pub(super) async fn take(&mut self, step: &Step) -> Answer {
        let (engine, other) = (&self.h.engine, &self.h.other);
        match step {
            Step::Advance(seconds) => {
                self.h.clock.advance(TimeDelta::seconds((*seconds).into()));
                Answer::default()
            }
            Step::Insert(jobs) => {
                let inserted = engine.insert_jobs(None, jobs.clone()).await.unwrap();
                for job in &inserted {
                    self.ids.push(job.id);
                    self.numbers.insert(job.id, JobId(i64::try_from(self.ids.len()).unwrap()));
                }
                self.jobs(inserted.into_iter().map(|inserted| inserted.job).collect())
            }
            Step::Fetch { producer, demand, acks } => {
                let engine = if producer % 2 == 0 { engine } else { other };
                let acks = self.acks(acks);
                let queue = &self.producers[*producer];
                let fetched = engine
                    .fetch_jobs(Fetch { queue, demand: *demand, after: None, acks: &acks })
                    .await
                    .unwrap();
                let jobs: Vec<Job> = fetched.jobs.into_iter().map(Arc::unwrap_or_clone).collect();
                self.executions.extend(jobs.clone());
                Answer { acked: self.acked(fetched.acked), ..self.jobs(jobs) }
            }
            Step::Ack(acks) => {
                let acked = other.ack_jobs(&self.acks(acks)).await.unwrap();
                Answer { acked: self.acked(acked), ..Answer::default() }
            }
            Step::Reclaim { producer, running } => {
                let running = running.iter().filter_map(|back| Some(ago(&self.executions, *back)?.id));
                let running: Vec<JobId> = running.collect();
                let queue = &self.producers[*producer];
                self.touched(engine.reclaim_jobs(queue, &running).await.unwrap().jobs)
            }
            Step::Stage { limit } => {
                let stage = Stage { limit: *limit, queues: &[] };
                self.touched(other.stage_jobs(stage).await.unwrap().jobs)
            }
            Step::Rescue => self.touched(other.rescue_jobs(RESCUE).await.unwrap()),
            Step::Prune => self.touched(engine.prune_jobs(PRUNE).await.unwrap()),
            Step::Cancel(choice) => self.touched(other.cancel_jobs(&self.filter(choice)).await.unwrap()),
            Step::Retry(choice) => self.touched(engine.retry_jobs(&self.filter(choice)).await.unwrap()),
            Step::Delete(choice) => self.touched(other.delete_jobs(&self.filter(choice)).await.unwrap()),
            Step::Update(choice, changes) => {
                self.jobs(engine.update_jobs(&self.filter(choice), changes).await.unwrap())
            }
            Step::Beat { producer } => {
                other.refresh_queues(&self.producers[*producer..=*producer]).await.unwrap();
                Answer::default()
            }
            Step::Leave { producer } => {
                other.shutdown_queue(&self.producers[*producer]).await.unwrap();
                Answer::default()
            }
            Step::Pause { producer, paused } => {
                let change = QueueChange::Paused(*paused);
                engine.update_queue(&mut self.producers[*producer], change).await.unwrap();
                Answer::default()
            }
        }
    }

    fn acks(&self, acks: &[(usize, Finish)]) -> Vec<Ack> {
        let acks = acks.iter().filter_map(|(back, finish)| Some((ago(&self.executions, *back)?, finish)));
        acks.map(|(execution, finish)| Ack::of(execution, finish.clone())).collect()
    }

    fn filter(&self, choice: &Choice) -> JobFilter {
        let mut filter = match &choice.jobs {
            Some(jobs) => JobFilter::ids(jobs.iter().filter_map(|back| ago(&self.ids, *back)).copied()),
            None => JobFilter::all(),
        };
        filter.states.clone_from(&choice.states);
        filter.queues.extend(choice.queue.map(str::to_owned));
        filter.limit = choice.limit;
        filter
    }

    fn jobs(&self, jobs: Vec<Job>) -> Answer {
        Answer { jobs: self.renamed(jobs), ..Answer::default() }
    }

    fn touched(&self, mut touched: Vec<Touched>) -> Answer {
        for job in &mut touched {
            job.id = self.numbers[&job.id];
        }
        touched.sort_by_key(|job| job.id);
        Answer { touched, ..Answer::default() }
    }

    fn acked(&self, acked: Vec<JobId>) -> Vec<JobId> {
        let mut acked: Vec<JobId> = acked.into_iter().map(|id| self.numbers[&id]).collect();
        acked.sort();
        acked
    }

    fn renamed(&self, mut jobs: Vec<Job>) -> Vec<Job> {
        for job in &mut jobs {
            job.id = self.numbers[&job.id];
            if let [_, uuid] = &mut job.attempted_by[..] {
                let place = self.producers.iter().position(|producer| producer.uuid.to_string() == *uuid);
                *uuid = place.unwrap().to_string();
            }
            for error in &mut job.errors {
                // How the engine words a rescue is its own affair.
                if !["", "oops", "never", "enough"].contains(&error.error.as_str()) {
                    error.error = "lost".to_owned();
                }
            }
        }
        jobs
    }
}

const RESCUE: Rescue = Rescue { stale_after: STALE_AFTER, rescue_after: RESCUE_AFTER, limit: 1000 };

const PRUNE: Prune = Prune {
    completed_after: Some(COMPLETED_AFTER),
    cancelled_after: Some(CANCELLED_AFTER),
    discarded_after: Some(DISCARDED_AFTER),
    limit: 1000,
};
