use chrono::{DateTime, TimeDelta, Utc};
use oban_core::{AttemptError, Finish, Job, JobChanges, JobId, JobState, NewJob, Schedule, Touched};
use serde_json::{Value, json};

use super::{
    step::{
        Answer, CANCELLED_AFTER, COMPLETED_AFTER, Choice, DISCARDED_AFTER, PRODUCERS, RESCUE_AFTER,
        STALE_AFTER, Step, ago,
    },
    table::Table,
};

/// What the contract says, with no thought of speed: a list of rows, searched from end to end.
pub(super) struct Reference {
    now: DateTime<Utc>,
    jobs: Table,
    executions: Vec<Job>,
    producers: [Producer; PRODUCERS.len()],
}

#[derive(Clone, Copy)]
struct Producer {
    beat_at: Option<DateTime<Utc>>,
    paused: bool,
}

impl Reference {
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        let producer = Producer { beat_at: Some(now), paused: false };
        Self { now, jobs: Table::default(), executions: Vec::new(), producers: [producer; PRODUCERS.len()] }
    }

    pub(super) fn rows(&self) -> Vec<Job> {
        self.jobs.rows().cloned().collect()
    }

    /// The step without what the contract leaves open: which of several jobs due at one instant are
    /// staged first, and which of several outcomes given at once for one execution counts.
    pub(super) fn settled(&self, step: Step) -> Step {
        match step {
            Step::Stage { limit } => {
                let due = self.jobs.due(self.now);
                let last = limit.checked_sub(1).and_then(|last| due.get(last));
                let with_it =
                    due.iter().filter(|job| last.is_some_and(|last| job.scheduled_at <= last.scheduled_at));
                Step::Stage { limit: limit.max(with_it.count()) }
            }
            Step::Ack(acks) => Step::Ack(self.distinct(acks)),
            Step::Fetch { producer, demand, acks } => {
                Step::Fetch { producer, demand, acks: self.distinct(acks) }
            }
            step => step,
        }
    }

    pub(super) fn take(&mut self, step: &Step) -> Answer {
        let now = self.now;
        let (mut jobs, mut touched, mut acked) = (Vec::new(), Vec::new(), Vec::new());
        match step {
            Step::Advance(seconds) => self.now += TimeDelta::seconds((*seconds).into()),
            Step::Beat { producer } => self.producers[*producer].beat_at = Some(now),
            Step::Leave { producer } => self.producers[*producer].beat_at = None,
            Step::Pause { producer, paused } => self.producers[*producer].paused = *paused,
            Step::Insert(new) => {
                jobs = new.iter().map(|job| self.insert(job)).collect();
            }
            Step::Fetch { producer, demand, acks } => {
                acked = self.ack(acks);
                jobs = self.fetch(*producer, *demand);
            }
            Step::Ack(acks) => acked = self.ack(acks),
            Step::Update(choice, changes) => jobs = self.update(choice, changes),
            Step::Reclaim { producer, running } => {
                let running: Vec<JobId> =
                    running.iter().filter_map(|back| Some(ago(&self.executions, *back)?.id)).collect();
                let lost = self.jobs.ids(|job| {
                    job.state == JobState::Executing
                        && owner(job) == Some(*producer)
                        && !running.contains(&job.id)
                });
                touched = self.jobs.touch(&lost, |job| {
                    job.state = JobState::Available;
                    job.attempt -= 1;
                });
            }
            Step::Stage { limit } => {
                let due: Vec<JobId> = self.jobs.due(now).iter().map(|job| job.id).take(*limit).collect();
                touched = self.jobs.touch(&due, |job| job.state = JobState::Available);
            }
            Step::Rescue => touched = self.rescue(),
            Step::Prune => {
                let old = self.jobs.ids(|job| match job.state {
                    JobState::Completed => job.completed_at.is_some_and(|at| at + COMPLETED_AFTER < now),
                    JobState::Cancelled => job.cancelled_at.is_some_and(|at| at + CANCELLED_AFTER < now),
                    JobState::Discarded => job.discarded_at.is_some_and(|at| at + DISCARDED_AFTER < now),
                    _ => false,
                });
                touched = self.jobs.delete(&old);
            }
            Step::Cancel(choice) => {
                let chosen = self.jobs.chosen(choice, |job| !job.state.is_final());
                touched = self.jobs.touch(&chosen, |job| {
                    job.state = JobState::Cancelled;
                    job.cancelled_at = Some(now);
                });
            }
            Step::Retry(choice) => {
                let chosen = self.jobs.chosen(choice, |job| {
                    job.state != JobState::Available && job.state != JobState::Executing
                });
                touched = self.jobs.touch(&chosen, |job| {
                    job.state = JobState::Available;
                    job.scheduled_at = now;
                    (job.completed_at, job.cancelled_at, job.discarded_at) = (None, None, None);
                    job.max_attempts = job.max_attempts.max(job.attempt + 1);
                });
            }
            Step::Delete(choice) => {
                let chosen = self.jobs.chosen(choice, |job| job.state != JobState::Executing);
                touched = self.jobs.delete(&chosen);
            }
        }
        Answer { jobs, touched, acked }
    }

    fn insert(&mut self, new: &NewJob) -> Job {
        self.jobs.insert(Job {
            state: if new.schedule == Schedule::Now { JobState::Available } else { JobState::Scheduled },
            queue: new.queue.clone(),
            worker: new.worker.clone(),
            args: new.args.clone(),
            meta: new.meta.clone(),
            max_attempts: new.max_attempts,
            priority: new.priority,
            inserted_at: self.now,
            scheduled_at: self.due_at(new.schedule),
            ..Job::default()
        })
    }

    fn fetch(&mut self, producer: usize, demand: usize) -> Vec<Job> {
        let (node, queue) = PRODUCERS[producer];
        if self.producers[producer].paused {
            return Vec::new();
        }
        let now = self.now;
        let mut queued: Vec<&mut Job> = self.jobs.rows_mut().collect();
        queued.retain(|job| {
            job.state == JobState::Available && job.queue == queue && job.attempt < job.max_attempts
        });
        queued.sort_by_key(|job| (job.priority, job.scheduled_at, job.id));
        let fetched: Vec<Job> = queued
            .into_iter()
            .take(demand)
            .map(|job| {
                job.state = JobState::Executing;
                job.attempt += 1;
                job.attempted_at = Some(now);
                job.attempted_by = vec![node.to_owned(), producer.to_string()];
                job.clone()
            })
            .collect();
        self.executions.extend(fetched.clone());
        fetched
    }

    fn ack(&mut self, acks: &[(usize, Finish)]) -> Vec<JobId> {
        let now = self.now;
        let mut acked = Vec::new();
        for (back, finish) in acks {
            let Some(run) = ago(&self.executions, *back) else { continue };
            let row = self.jobs.rows_mut().find(|job| {
                job.state == JobState::Executing
                    && (job.id, job.attempt, job.attempted_at) == (run.id, run.attempt, run.attempted_at)
            });
            if let Some(job) = row {
                end(job, finish, now);
                acked.push(job.id);
            }
        }
        acked.sort();
        acked
    }

    fn rescue(&mut self) -> Vec<Touched> {
        let now = self.now;
        let is_dead = |producer: &Producer| producer.beat_at.is_some_and(|at| at + STALE_AFTER < now);
        let is_lost = |job: &Job| match owner(job).map(|place| &self.producers[place]) {
            Some(producer) if producer.beat_at.is_some() => is_dead(producer),
            _ => job.attempted_at.is_some_and(|at| at + RESCUE_AFTER < now),
        };
        let lost = self.jobs.ids(|job| match job.state {
            JobState::Executing => is_lost(job),
            JobState::Available => job.attempt >= job.max_attempts,
            _ => false,
        });
        for producer in &mut self.producers {
            if is_dead(producer) {
                producer.beat_at = None;
            }
        }
        self.jobs.touch(&lost, |job| {
            if job.attempt < job.max_attempts {
                job.state = JobState::Available;
                count(job, "rescued");
            } else {
                job.state = JobState::Discarded;
                job.discarded_at = Some(now);
                job.errors.push(AttemptError::new(now, job.attempt, "lost"));
            }
        })
    }

    fn update(&mut self, choice: &Choice, changes: &JobChanges) -> Vec<Job> {
        let due_at = changes.schedule.map(|schedule| self.due_at(schedule));
        let chosen = self.jobs.chosen(choice, |job| {
            due_at.is_none()
                || [JobState::Scheduled, JobState::Available, JobState::Retryable].contains(&job.state)
        });
        let rows = self.jobs.rows_mut().filter(|job| chosen.contains(&job.id));
        let updated = rows.map(|job| {
            job.queue = changes.queue.clone().unwrap_or(job.queue.clone());
            job.priority = changes.priority.unwrap_or(job.priority);
            job.max_attempts = changes.max_attempts.unwrap_or(job.max_attempts).max(job.attempt);
            if let Some(at) = due_at {
                job.state = JobState::Scheduled;
                job.scheduled_at = at;
            }
            job.clone()
        });
        updated.collect()
    }

    /// The first outcome given for each execution.
    fn distinct(&self, acks: Vec<(usize, Finish)>) -> Vec<(usize, Finish)> {
        let mut seen = Vec::new();
        let mut distinct = acks;
        distinct.retain(|(back, _)| {
            let execution = ago(&self.executions, *back).map(|job| (job.id, job.attempt, job.attempted_at));
            let is_first = !seen.contains(&execution);
            seen.push(execution);
            is_first
        });
        distinct
    }

    fn due_at(&self, schedule: Schedule) -> DateTime<Utc> {
        match schedule {
            Schedule::Now => self.now,
            Schedule::At(at) => at,
            Schedule::In(period) => self.now + period.as_duration(),
        }
    }
}

/// The producer that fetched a job last.
fn owner(job: &Job) -> Option<usize> {
    job.attempted_by.get(1)?.parse().ok()
}

fn end(job: &mut Job, finish: &Finish, now: DateTime<Utc>) {
    let mut fail = |error: &String| job.errors.push(AttemptError::new(now, job.attempt, error));
    match finish {
        Finish::Complete { recorded } => {
            job.state = JobState::Completed;
            job.completed_at = Some(now);
            if let Some(recorded) = recorded {
                job.meta.insert("recorded".to_owned(), json!(true));
                job.meta.insert("return".to_owned(), json!(recorded));
            }
        }
        Finish::Retry { delay, error } => {
            fail(error);
            job.state = JobState::Retryable;
            job.scheduled_at = now + *delay;
        }
        Finish::Discard { error } => {
            fail(error);
            job.state = JobState::Discarded;
            job.discarded_at = Some(now);
        }
        Finish::Cancel { error } => {
            fail(error);
            job.state = JobState::Cancelled;
            job.cancelled_at = Some(now);
        }
        Finish::Snooze { delay, meta } => {
            job.state = JobState::Scheduled;
            job.scheduled_at = now + *delay;
            job.attempt -= 1;
            for (key, value) in meta {
                job.meta.insert(key.clone(), value.clone());
            }
            count(job, "snoozed");
        }
        Finish::HandBack => {
            job.state = JobState::Available;
            job.attempt -= 1;
            count(job, "interrupted");
        }
        Finish::Return => {
            job.state = JobState::Available;
            job.attempt -= 1;
        }
        other => panic!("the model knows no {other:?}"),
    }
}

fn count(job: &mut Job, counter: &str) {
    let counted = job.meta.get(counter).and_then(Value::as_i64).unwrap_or(0);
    job.meta.insert(counter.to_owned(), json!(counted + 1));
}
