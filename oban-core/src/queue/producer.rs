use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::json;
use tokio::{sync::mpsc, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Executor, QueueInfo,
    acker::Acker,
    call::{Answer, Call},
    executor::{forced, timed_out},
    running::{Deadline, Runs},
    slot::{Event, RunId},
    watchman::{Order, Watchman},
    wiring::{Command, Wiring},
};
use crate::{
    Ack, Channel, Engine, Error, ErrorKind, Finish, Job, JobId, Notice, Notifier, QueueChange, QueueMeta,
    Result, Subscription, engine::Traced, runtime::Service,
};

/// Fetches the jobs of one queue on one node, has them run, and reports them.
///
/// It asks the store only when there is reason to: outcomes to report, or free slots and a hint that there is work.
/// While one call is under way everything else gathers for the next, so a busy queue makes few calls and an
/// idle one reacts at once, without any fixed wait.
pub(crate) struct Producer {
    engine: Traced,
    executor: Executor,
    meta: QueueMeta,
    wiring: Wiring,
    hints: Subscription,
    runs: Runs,
    acker: Acker,
    tracker: TaskTracker,
    events: (mpsc::UnboundedSender<Event>, mpsc::UnboundedReceiver<Event>),
    call: Call,
    /// There may be jobs to fetch: nothing has said otherwise since the last hint.
    hungry: bool,
    /// Rows may be executing in our name that we know nothing of: a fetch went unanswered.
    lost_answer: bool,
    /// When to look for such rows all the same: a fetch that was given up may take effect later, for example when it
    /// waited for a lock.
    audit_at: Instant,
    watchman: Option<Watchman>,
    /// Jobs were handed back at the stop.
    orphans: bool,
}

/// How long a killed run may take to be dropped, and a worker's `backoff` to answer.
const KILL_GRACE: Duration = Duration::from_secs(1);
const BACKOFF_GRACE: Duration = Duration::from_secs(5);

/// A producer does not wait long for something that changes nothing.
const STORE_WITHIN: Duration = Duration::from_secs(1);
const UNSTORED: &str = "the queue's new setting holds, but could not be stored";

/// While outcomes keep coming in, wait for more of them; no longer than a call takes anyway.
const GATHER: Duration = Duration::from_micros(100);
const GATHER_YIELDS: usize = 16;

impl Producer {
    pub(crate) fn new(engine: Traced, executor: Executor, meta: QueueMeta, wiring: Wiring) -> Self {
        let hints = engine.listen(&[Channel::Insert]);
        let audit_at = Instant::now() + wiring.audit_interval;
        Self {
            engine,
            executor,
            meta,
            wiring,
            hints,
            runs: Runs::default(),
            acker: Acker::default(),
            tracker: TaskTracker::new(),
            events: mpsc::unbounded_channel(),
            call: Call::default(),
            hungry: true,
            lost_answer: false,
            audit_at,
            watchman: None,
            orphans: false,
        }
    }

    /// Starts the next call, if one is due and none is under way.
    fn advance(&mut self) {
        if self.call.is_under_way() || self.acker.wait().is_some() {
            return;
        }
        let (engine, demand) = (self.engine.clone(), self.demand());
        if self.lost_answer || self.audit_at <= Instant::now() {
            self.audit_at = Instant::now() + self.wiring.audit_interval;
            let known = self.runs.ids().into_iter().chain(self.acker.ids()).collect();
            self.call.reclaim(engine, self.meta.clone(), known);
        } else if demand > 0 && !self.acker.is_one_by_one() {
            self.hungry = false;
            self.call.fetch(engine, self.meta.clone(), demand, self.acker.take());
        } else if !self.acker.is_empty() {
            self.call.ack(engine, self.acker.take());
        }
    }

    /// How many jobs to ask for; 0 when there is no reason to ask.
    fn demand(&self) -> usize {
        if self.hungry && self.meta.is_fetching() {
            self.meta.limit.saturating_sub(self.runs.len())
        } else {
            0
        }
    }

    fn answered(&mut self, answer: Answer) {
        match answer {
            Answer::Fetched { demand, acks, answer: Ok(fetched) } => {
                self.acker.settle(&acks, &fetched.acked);
                // A full batch: there may be more. After a short one only a hint can tell.
                self.hungry |= fetched.jobs.len() >= demand;
                if self.watchman.is_some() {
                    self.refuse(&fetched.jobs);
                } else {
                    self.start(fetched.jobs);
                }
            }
            Answer::Fetched { acks, answer: Err(error), .. } => {
                self.hungry = true;
                self.lost_answer |= error.is_transient();
                self.failed(acks, &error);
            }
            Answer::Acked { acks, answer: Ok(taken) } => self.acker.settle(&acks, &taken),
            Answer::Acked { acks, answer: Err(error) } => self.failed(acks, &error),
            Answer::Reclaimed(Ok(count)) => {
                self.lost_answer = false;
                self.acker.recover();
                if count > 0 {
                    tracing::warn!(
                        queue = self.meta.queue,
                        count,
                        "handed back jobs of a fetch whose answer was lost"
                    );
                }
            }
            Answer::Reclaimed(Err(error)) => self.acker.back_off(&error),
        }
    }

    fn failed(&mut self, acks: Vec<Ack>, error: &Error) {
        if error.kind() == ErrorKind::Invalid && !acks.is_empty() {
            self.acker.refuse(acks, error);
        } else {
            self.acker.keep(acks);
        }
        self.acker.back_off(error);
    }

    fn start(&mut self, jobs: Vec<Arc<Job>>) {
        for job in jobs {
            let slot = self.runs.add(job, self.events.0.clone());
            self.executor.start(slot, self.wiring.blocking, &self.tracker);
        }
    }

    /// Hands back what a fetch brought after the stop had begun.
    fn refuse(&mut self, jobs: &[Arc<Job>]) {
        self.orphans |= !jobs.is_empty();
        for job in jobs {
            self.acker.push(Ack::of(job, Finish::HandBack));
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Finished { run, ack } => {
                self.runs.remove(run);
                self.acker.push(ack);
            }
            // Cancelled before it has begun to count.
            Event::Timeout { run, .. } if self.runs.has_deadline(run) => {}
            Event::Timeout { run, after } => {
                // A deadline too far to name never comes.
                let deadline = Instant::now().checked_add(after).map(|at| (at, Deadline::Timeout(after)));
                self.runs.set_deadline(run, deadline);
            }
        }
    }

    /// Takes what else has happened meanwhile: outcomes of short jobs come in bursts.
    async fn gather(&mut self) {
        let began = std::time::Instant::now();
        let mut quiet = 0;
        while quiet < GATHER_YIELDS && self.runs.len() > 0 && began.elapsed() < GATHER {
            tokio::task::yield_now().await;
            quiet += 1;
            while let Ok(event) = self.events.1.try_recv() {
                self.take(event);
                quiet = 0;
            }
        }
    }

    fn heard(&mut self, notice: &Notice) {
        match notice {
            Notice::Missed => self.hungry = true,
            notice => self.hungry |= notice.text("queue") == Some(self.meta.queue.as_str()),
        }
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Cancel(ids) => {
                let at = Instant::now() + self.wiring.cancel_grace;
                for run in self.runs.of(&ids) {
                    self.runs.cancel(run);
                    self.runs.set_deadline(run, Some((at, Deadline::Cancelled)));
                }
            }
            Command::Change(change, reply) => {
                self.change(change).await;
                let _ = reply.send(());
            }
            Command::Check(reply) => {
                // Whoever asked may have stopped waiting.
                let _ = reply.send(self.info());
            }
        }
    }

    /// A setting counts at once; that it is stored as well is for other eyes only.
    async fn change(&mut self, change: QueueChange) {
        self.hungry = true;
        let mut stored = self.meta.clone();
        self.meta.apply(change);
        self.settle_call().await;
        let storing = tokio::time::timeout(STORE_WITHIN, self.engine.update_queue(&mut stored, change));
        match storing.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, queue = self.meta.queue, "{UNSTORED}"),
            Err(_) => tracing::warn!(queue = self.meta.queue, "{UNSTORED}"),
        }
        self.wiring.meta.send_replace(self.meta.clone());
    }

    /// A fetch under way was asked for under the old setting: whoever pauses a queue wants to have seen its last jobs
    /// start. In an outage it is not waited for.
    async fn settle_call(&mut self) {
        if self.call.is_under_way()
            && let Ok(answer) = tokio::time::timeout(STORE_WITHIN, self.call.answer()).await
        {
            self.answered(answer);
        }
    }

    fn info(&self) -> QueueInfo {
        QueueInfo {
            queue: self.meta.queue.clone(),
            node: self.meta.node.clone(),
            uuid: self.meta.uuid,
            limit: self.meta.limit,
            paused: self.meta.paused,
            running: self.runs.ids(),
            started_at: self.meta.started_at,
        }
    }

    fn enforce_deadlines(&mut self) {
        let now = Instant::now();
        while let Some((run, deadline)) = self.runs.take_due(now) {
            match deadline {
                Deadline::Timeout(after) => self.time_out(run, after),
                Deadline::Force(after) => {
                    if let Some(slot) = self.runs.kill(run) {
                        slot.finish(forced(&slot.job, after));
                    }
                }
                Deadline::Cancelled => self.runs.abandon(run),
            }
        }
    }

    fn time_out(&mut self, run: RunId, after: Duration) {
        let Some(slot) = self.runs.kill(run) else { return };
        let failure = timed_out(&slot.job, after);
        self.executor.fail(slot, failure);
        self.runs.set_deadline(run, Some((Instant::now() + BACKOFF_GRACE, Deadline::Force(after))));
    }

    async fn hand_back(&mut self) {
        self.runs.kill_all();
        self.tracker.close();
        // Rather not before the runs are gone: another node may start these jobs at once.
        let _ = tokio::time::timeout(KILL_GRACE, self.tracker.wait()).await;
        let slots = self.runs.claim_all();
        for slot in &slots {
            self.runs.remove(slot.run);
            self.acker.push(Ack::of(&slot.job, Finish::HandBack));
        }
        if let Some(watchman) = &mut self.watchman {
            let ids: Vec<JobId> = slots.iter().map(|slot| slot.job.id).collect();
            watchman.handed_back(&ids);
        }
        self.orphans |= !slots.is_empty();
    }

    /// The last words of a queue that has told the store everything.
    async fn sign_off(&mut self) {
        // Other nodes need not wait until they look for themselves.
        let work = [json!({"queue": self.meta.queue})];
        if self.orphans
            && let Err(error) = self.engine.notify(Channel::Insert, &work).await
        {
            tracing::debug!(%error, queue = self.meta.queue, "could not announce the jobs handed back");
        }
        if let Err(error) = self.engine.shutdown_queue(&self.meta).await {
            tracing::warn!(%error, queue = self.meta.queue, "could not sign off; the registration goes stale by itself");
        }
    }

    /// What a stopping queue does next.
    fn order(&mut self) -> Option<Order> {
        let untold = self.acker.len() + usize::from(self.call.is_under_way()) + usize::from(self.lost_answer);
        self.watchman.as_mut().map(|watchman| watchman.order(self.runs.len(), untold))
    }
}

#[async_trait]
impl Service for Producer {
    fn name(&self) -> String {
        format!("producer of queue {:?}", self.meta.queue)
    }

    async fn run(&mut self, shutdown: &CancellationToken) -> Result<()> {
        let wake = Arc::clone(&self.wiring.wake);
        loop {
            self.advance();
            let until = match self.order() {
                None => None,
                Some(Order::Wait(until)) => Some(until),
                Some(Order::Warn) => {
                    self.runs.cancel_all();
                    continue;
                }
                Some(Order::HandBack) => {
                    self.hand_back().await;
                    continue;
                }
                Some(Order::Leave) => break,
                Some(Order::GiveUp) => return Ok(()),
            };
            // While a call is under way, its answer is what is waited for.
            let call = if self.call.is_under_way() {
                None
            } else {
                Some(self.acker.wait().unwrap_or(self.audit_at))
            };
            let next = [until, self.runs.next_deadline(), call].into_iter().flatten().min();
            tokio::select! {
                answer = self.call.answer() => self.answered(answer),
                Some(command) = self.wiring.commands.recv() => self.obey(command).await,
                () = shutdown.cancelled(), if self.watchman.is_none() => {
                    self.watchman = Some(Watchman::new(&self.meta.queue, self.wiring.shutdown_grace));
                    self.change(QueueChange::Draining).await;
                }
                Some(event) = self.events.1.recv() => {
                    self.take(event);
                    if !self.call.is_under_way() {
                        self.gather().await;
                    }
                }
                () = wake.notified() => self.hungry = true,
                Some(notice) = self.hints.next() => self.heard(&notice),
                () = tokio::time::sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                    self.enforce_deadlines();
                }
            }
        }
        self.sign_off().await;
        Ok(())
    }
}
