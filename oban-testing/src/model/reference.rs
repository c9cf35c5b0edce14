use chrono::{DateTime, TimeDelta, Utc};
use oban_core::{AttemptError, Finish, Job, JobChanges, JobId, JobState, NewJob, Schedule, Touched};
use serde_json::{Value, json};

use super::step::{
    Answer, CANCELLED_AFTER, COMPLETED_AFTER, Choice, DISCARDED_AFTER, PRODUCERS, RESCUE_AFTER, STALE_AFTER,
    Step, ago,
};

/// What the contract says, with no thought of speed: a list of rows, searched from end to end.
pub(super) struct Reference {
    now: DateTime<Utc>,
    /// Every job there ever was; deleted ones are `None`.
    jobs: Vec<Option<Job>>,
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
        Self { now, jobs: Vec::new(), executions: Vec::new(), producers: [producer; PRODUCERS.len()] }
    }

    pub(super) fn rows(&self) -> Vec<Job> {
        self.jobs.iter().flatten().cloned().collect()
    }

    /// The step without what the contract leaves open: which of several jobs due at one instant are
    /// staged first, and which of several outcomes given at once for one execution counts.
    pub(super) fn settled(&self, step: Step) -> Step {
        match step {
            Step::Stage { limit } => {
                let due = self.due();
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
        match step {
            Step::Advance(seconds) => self.now += TimeDelta::seconds((*seconds).into()),
            Step::Beat { producer } => self.producers[*producer].beat_at = Some(now),
            Step::Leave { producer } => self.producers[*producer].beat_at = None,
            Step::Pause { producer, paused } => self.producers[*producer].paused = *paused,
            Step::Insert(jobs) => {
                let jobs = jobs.iter().map(|job| self.insert(job)).collect();
                return Answer { jobs, ..Answer::default() };
            }
            Step::Fetch { producer, demand, acks } => {
                let acked = self.ack(acks);
                return Answer { acked, jobs: self.fetch(*producer, *demand), ..Answer::default() };
            }
            Step::Ack(acks) => return Answer { acked: self.ack(acks), ..Answer::default() },
            Step::Update(choice, changes) => {
                let jobs = self.update(choice, changes);
                return Answer { jobs, ..Answer::default() };
            }
            Step::Reclaim { producer, running } => {
                let running: Vec<JobId> =
                    running.iter().filter_map(|back| Some(ago(&self.executions, *back)?.id)).collect();
                let lost = self.ids(|job| {
                    job.state == JobState::Executing
                        && owner(job) == Some(*producer)
                        && !running.contains(&job.id)
                });
                return self.touch(&lost, |job| {
                    job.state = JobState::Available;
                    job.attempt -= 1;
                });
            }
            Step::Stage { limit } => {
                let due: Vec<JobId> = self.due().iter().map(|job| job.id).take(*limit).collect();
                return self.touch(&due, |job| job.state = JobState::Available);
            }
            Step::Rescue => return self.rescue(),
            Step::Prune => {
                let old = self.ids(|job| match job.state {
                    JobState::Completed => job.completed_at.is_some_and(|at| at + COMPLETED_AFTER < now),
                    JobState::Cancelled => job.cancelled_at.is_some_and(|at| at + CANCELLED_AFTER < now),
                    JobState::Discarded => job.discarded_at.is_some_and(|at| at + DISCARDED_AFTER < now),
                    _ => false,
                });
                return self.delete(&old);
            }
            Step::Cancel(choice) => {
                let chosen = self.chosen(choice, |job| !job.state.is_final());
                return self.touch(&chosen, |job| {
                    job.state = JobState::Cancelled;
                    job.cancelled_at = Some(now);
                });
            }
            Step::Retry(choice) => {
                let chosen = self.chosen(choice, |job| {
                    job.state != JobState::Available && job.state != JobState::Executing
                });
                return self.touch(&chosen, |job| {
                    job.state = JobState::Available;
                    job.scheduled_at = now;
                    (job.completed_at, job.cancelled_at, job.discarded_at) = (None, None, None);
                    job.max_attempts = job.max_attempts.max(job.attempt + 1);
                });
            }
            Step::Delete(choice) => {
                let chosen = self.chosen(choice, |job| job.state != JobState::Executing);
                return self.delete(&chosen);
            }
        }
        Answer::default()
    }

    fn insert(&mut self, new: &NewJob) -> Job {
        let job = Job {
            id: JobId(i64::try_from(self.jobs.len()).unwrap() + 1),
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
        };
        self.jobs.push(Some(job.clone()));
        job
    }

    fn fetch(&mut self, producer: usize, demand: usize) -> Vec<Job> {
        let (node, queue) = PRODUCERS[producer];
        if self.producers[producer].paused {
            return Vec::new();
        }
        let now = self.now;
        let mut queued: Vec<&mut Job> = self.jobs.iter_mut().flatten().collect();
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
            let row = self.jobs.iter_mut().flatten().find(|job| {
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

    fn rescue(&mut self) -> Answer {
        let now = self.now;
        let is_dead = |producer: &Producer| producer.beat_at.is_some_and(|at| at + STALE_AFTER < now);
        let is_lost = |job: &Job| match owner(job).map(|place| &self.producers[place]) {
            Some(producer) if producer.beat_at.is_some() => is_dead(producer),
            _ => job.attempted_at.is_some_and(|at| at + RESCUE_AFTER < now),
        };
        let lost = self.ids(|job| match job.state {
            JobState::Executing => is_lost(job),
            JobState::Available => job.attempt >= job.max_attempts,
            _ => false,
        });
        for producer in &mut self.producers {
            if is_dead(producer) {
                producer.beat_at = None;
            }
        }
        self.touch(&lost, |job| {
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
        let chosen = self.chosen(choice, |job| {
            due_at.is_none()
                || [JobState::Scheduled, JobState::Available, JobState::Retryable].contains(&job.state)
        });
        let rows = self.jobs.iter_mut().flatten().filter(|job| chosen.contains(&job.id));
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

    /// Waiting jobs whose time has come, oldest first.
    fn due(&self) -> Vec<&Job> {
        let mut due: Vec<&Job> = self.jobs.iter().flatten().collect();
        due.retain(|job| {
            matches!(job.state, JobState::Scheduled | JobState::Retryable) && job.scheduled_at <= self.now
        });
        due.sort_by_key(|job| job.scheduled_at);
        due
    }

    fn due_at(&self, schedule: Schedule) -> DateTime<Utc> {
        match schedule {
            Schedule::Now => self.now,
            Schedule::At(at) => at,
            Schedule::In(period) => self.now + period.as_duration(),
        }
    }

    fn ids(&self, condition: impl Fn(&Job) -> bool) -> Vec<JobId> {
        self.jobs.iter().flatten().filter(|job| condition(job)).map(|job| job.id).collect()
    }

    fn chosen(&self, choice: &Choice, can: impl Fn(&Job) -> bool) -> Vec<JobId> {
        let everything: Vec<JobId> = (1..).map(JobId).take(self.jobs.len()).collect();
        let named = choice.jobs.as_ref().map(|jobs| jobs.iter().filter_map(|back| ago(&everything, *back)));
        let named: Option<Vec<&JobId>> = named.map(Iterator::collect);
        let mut ids = self.ids(|job| {
            named.as_ref().is_none_or(|named| named.contains(&&job.id))
                && (choice.states.is_empty() || choice.states.contains(&job.state))
                && choice.queue.is_none_or(|queue| job.queue == queue)
                && can(job)
        });
        ids.truncate(choice.limit.unwrap_or(usize::MAX));
        ids
    }

    fn touch(&mut self, ids: &[JobId], change: impl Fn(&mut Job)) -> Answer {
        let rows = self.jobs.iter_mut().flatten().filter(|job| ids.contains(&job.id));
        let touched = rows.map(|job| {
            let before = job.state;
            change(job);
            Touched { id: job.id, queue: job.queue.clone(), before, after: Some(job.state) }
        });
        Answer { touched: touched.collect(), ..Answer::default() }
    }

    fn delete(&mut self, ids: &[JobId]) -> Answer {
        let rows = self.jobs.iter_mut().filter(|row| row.as_ref().is_some_and(|job| ids.contains(&job.id)));
        let touched = rows.filter_map(Option::take).map(|job| Touched {
            id: job.id,
            queue: job.queue,
            before: job.state,
            after: None,
        });
        Answer { touched: touched.collect(), ..Answer::default() }
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
        Finish::Snooze { delay } => {
            job.state = JobState::Scheduled;
            job.scheduled_at = now + *delay;
            job.attempt -= 1;
            count(job, "snoozed");
        }
        Finish::HandBack => {
            job.state = JobState::Available;
            job.attempt -= 1;
            count(job, "interrupted");
        }
        other => panic!("the model knows no {other:?}"),
    }
}

fn count(job: &mut Job, counter: &str) {
    let counted = job.meta.get(counter).and_then(Value::as_i64).unwrap_or(0);
    job.meta.insert(counter.to_owned(), json!(counted + 1));
}
