mod demand;
mod ending;
mod stop;

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::time::Instant;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Executor, QueueInfo,
    acker::Acker,
    ahead::Ahead,
    appetite::Appetite,
    calls::{Answer, Calls},
    inbox::Inbox,
    running::{Deadline, Runs},
    slot::Event,
    watchman::{Order, Watchman},
    wiring::{Command, Wiring},
};
use crate::{
    Ack, Channel, Engine, Error, ErrorKind, JobId, Notice, Notifier, QueueChange, QueueMeta, Result,
    Subscription,
    engine::Traced,
    runtime::Service,
    telemetry::{self, QueueEvent},
};

/// Fetches the jobs of one queue on one node, has them run, and reports them.
///
/// It asks the store only when there is reason to: outcomes to report, or free slots and a hint that there is work.
/// While a call is under way everything else gathers for the next, so a busy queue makes few calls and an
/// idle one reacts at once, without any fixed wait. A large queue with a backlog has two calls under way, so that its
/// jobs run while the store works.
pub(crate) struct Producer {
    engine: Traced,
    executor: Arc<Executor>,
    meta: QueueMeta,
    wiring: Wiring,
    hints: Subscription,
    ahead: Ahead,
    runs: Runs,
    acker: Acker,
    tracker: TaskTracker,
    inbox: Arc<Inbox>,
    /// When at the latest the jobs that began together have had their chance to end together.
    burst: Option<Instant>,
    calls: Calls,
    appetite: Appetite,
    /// Rows may be executing in our name that we know nothing of: a fetch went unanswered.
    lost_answer: bool,
    /// When to look for such rows all the same, if anything [could have](Self::is_audit_idle) left some.
    audit_at: Instant,
    /// Until when a fetch that was given up may still take effect, for example because a cut network heals.
    doubt_until: Option<Instant>,
    watchman: Option<Watchman>,
    /// The jobs that were handed back at the stop.
    orphans: Vec<JobId>,
    /// Jobs that were cancelled while a fetch may have been bringing them.
    cancelled: Vec<JobId>,
}

/// How long a killed run may take to be dropped.
const KILL_GRACE: Duration = Duration::from_secs(1);

/// No kernel goes on sending an unanswered request for longer.
const DOUBT: Duration = Duration::from_secs(60 * 60);

/// A producer does not wait long for something that changes nothing.
const STORE_WITHIN: Duration = Duration::from_secs(1);
const UNSTORED: &str = "the queue's new setting holds, but could not be stored";

/// Jobs that begin together and end at once are reported together; no other outcome waits longer for them.
const LONGEST_BURST: Duration = Duration::from_millis(1);

impl Producer {
    pub(crate) fn new(engine: Traced, executor: Executor, meta: QueueMeta, wiring: Wiring) -> Self {
        let hints = engine.listen(&[Channel::Insert]);
        let audit_at = Instant::now() + wiring.audit_interval;
        Self {
            ahead: Ahead::new(wiring.read_ahead),
            runs: Runs::new(engine.telemetry().clone()),
            acker: Acker::new(engine.telemetry().clone()),
            engine,
            executor: Arc::new(executor),
            meta,
            wiring,
            hints,
            tracker: TaskTracker::new(),
            inbox: Arc::default(),
            burst: None,
            calls: Calls::default(),
            appetite: Appetite::new(),
            lost_answer: false,
            audit_at,
            doubt_until: None,
            watchman: None,
            orphans: Vec::new(),
            cancelled: Vec::new(),
        }
    }

    /// Starts the calls that are due.
    fn advance(&mut self) {
        if self.burst.is_none() {
            self.take_events();
        }
        if self.is_audit_idle() {
            self.audit_at = self.audit_at.max(Instant::now() + self.wiring.audit_interval);
        }
        self.give_back_what_waits_in_vain();
        while self.may_call() {
            let enough = self.enough();
            let demand = NonZeroUsize::new(self.demand()).filter(|demand| demand.get() >= enough);
            if self.must_audit() {
                self.audit_at = Instant::now() + self.wiring.audit_interval;
                let known =
                    self.runs.ids().into_iter().chain(self.acker.ids()).chain(self.ahead.ids()).collect();
                self.calls.reclaim(self.engine.clone(), self.meta.clone(), known);
            } else if let Some(demand) = demand {
                let (engine, acks) = (self.engine.clone(), self.acker.take());
                self.calls.fetch(engine, self.meta.clone(), demand, acks, self.appetite.search());
            } else if self.acker.len() >= enough {
                self.calls.ack(self.engine.clone(), self.meta.clone(), self.acker.take());
            } else {
                break;
            }
        }
        self.start();
        if self.burst.is_none() {
            let wanted = match self.may_call() {
                _ if self.ahead.len() > 0 => 1,
                true => self.enough(),
                false => usize::MAX,
            };
            self.inbox.want(wanted);
        }
    }

    fn may_call(&mut self) -> bool {
        let most = if self.must_audit() || self.acker.is_one_by_one() { 1 } else { self.most_calls() };
        self.burst.is_none() && self.calls.leave_room(most) && self.acker.wait().is_none()
    }

    fn must_audit(&self) -> bool {
        self.lost_answer || self.audit_at <= Instant::now()
    }

    /// Nothing runs, and each fetch was answered: the store need not be asked, however long that lasts.
    fn is_audit_idle(&self) -> bool {
        self.runs.len() + self.ahead.len() == 0
            && self.doubt_until.is_none_or(|until| until <= Instant::now())
    }

    fn answered(&mut self, answer: Answer) {
        match answer {
            Answer::Fetched { demand, search, acks, answer: Ok(fetched) } => {
                self.acker.settle(&acks, &fetched.acked);
                let last = fetched.jobs.last().map(|job| job.position());
                self.appetite.fed(search, fetched.jobs.len() >= demand, last);
                self.ahead.push(fetched.jobs);
                self.start();
                let cancelled = std::mem::take(&mut self.cancelled);
                self.end(cancelled, Deadline::Gone);
            }
            Answer::Fetched { acks, answer: Err(error), .. } => {
                self.appetite.hinted();
                if error.is_transient() {
                    self.lost_answer = true;
                    self.doubt_until = Some(Instant::now() + DOUBT);
                }
                self.failed(acks, &error);
            }
            Answer::Acked { acks, answer: Ok(taken) } => self.acker.settle(&acks, &taken),
            Answer::Acked { acks, answer: Err(error) } => self.failed(acks, &error),
            Answer::Reclaimed(Ok(reclaimed)) => {
                self.lost_answer = false;
                self.acker.recover();
                self.end(reclaimed.gone, Deadline::Gone);
                let count = reclaimed.jobs.len();
                if count > 0 {
                    self.tell(|queue| QueueEvent::Reclaimed { queue, count });
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

    fn take_events(&mut self) {
        let (mut ended, mut first) = (0, None);
        for event in self.inbox.take() {
            match event {
                Event::Finished { run, ack, story } => {
                    first = self.finished(run, ack, story).into_iter().chain(first).min();
                    ended += 1;
                }
                // Cancelled before it has begun to count.
                Event::Timeout { run, .. } if self.runs.deadline(run).is_some() => {}
                Event::Timeout { run, after } => {
                    // A deadline too far to name never comes.
                    let deadline = Instant::now().checked_add(after).map(|at| (at, Deadline::Timeout(after)));
                    self.runs.set_deadline(run, deadline);
                }
            }
        }
        if let Some(first) = first {
            self.ahead.pace(ended, first);
        }
    }

    fn heard(&mut self, notice: &Notice) {
        match notice {
            Notice::Missed => {
                self.appetite.hinted();
                // One of our runs may have been cancelled meanwhile.
                self.audit_at = Instant::now();
            }
            notice if notice.text("queue") == Some(self.meta.queue.as_str()) => self.appetite.hinted(),
            _ => {}
        }
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Cancel(ids) => self.cancel(ids),
            Command::Change(change, reply) => {
                self.change(change).await;
                let _ = reply.send(());
            }
            Command::Check(reply) => {
                self.take_events();
                // Whoever asked may have stopped waiting.
                let _ = reply.send(self.info());
            }
        }
    }

    /// A setting counts at once; that it is stored as well is for other eyes only.
    async fn change(&mut self, change: QueueChange) {
        self.appetite.hinted();
        let mut stored = self.meta.clone();
        self.meta.apply(change);
        // Said again, by the node that said it first or by another.
        if self.meta == stored {
            return;
        }
        self.tell(|queue| QueueEvent::of(queue, change));
        self.settle_calls().await;
        self.give_back_what_waits_in_vain();
        let storing = tokio::time::timeout(STORE_WITHIN, self.engine.update_queue(&mut stored, change));
        match storing.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, queue = self.meta.queue, "{UNSTORED}"),
            Err(_) => tracing::warn!(queue = self.meta.queue, "{UNSTORED}"),
        }
        self.wiring.meta.send_replace(Some(self.meta.clone()));
    }

    /// A fetch under way was asked for under the old setting, and what it brings is dealt with under the new one. In an
    /// outage it is not waited for.
    async fn settle_calls(&mut self) {
        let until = Instant::now() + STORE_WITHIN;
        while self.calls.len() > 0
            && let Ok(answer) = tokio::time::timeout_at(until, self.calls.answer()).await
        {
            self.answered(answer);
        }
    }

    fn tell(&self, event: impl FnOnce(String) -> QueueEvent) {
        self.engine.telemetry().emit(|| telemetry::Event::Queue(event(self.meta.queue.clone())));
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
}

#[async_trait]
impl Service for Producer {
    fn name(&self) -> String {
        format!("producer of queue {:?}", self.meta.queue)
    }

    async fn run(&mut self, shutdown: &CancellationToken) -> Result<()> {
        let (wake, inbox) = (Arc::clone(&self.wiring.wake), Arc::clone(&self.inbox));
        loop {
            // An engine that always answers at once must not keep this thread from everyone else.
            tokio::task::consume_budget().await;
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
                Some(Order::GiveUp) => {
                    self.tell_stopped();
                    return Ok(());
                }
            };
            // While a call is under way, its answer is what is waited for.
            let call =
                if self.calls.len() > 0 { None } else { Some(self.acker.wait().unwrap_or(self.audit_at)) };
            let next = [until, self.runs.next_deadline(), call, self.burst, self.ahead.stale_at()];
            let next = next.into_iter().flatten().min();
            tokio::select! {
                answer = self.calls.answer() => self.answered(answer),
                Some(command) = self.wiring.commands.recv() => self.obey(command).await,
                () = shutdown.cancelled(), if self.watchman.is_none() => {
                    self.watchman = Some(Watchman::new(&self.meta.queue, self.wiring.shutdown_grace));
                    self.change(QueueChange::Draining).await;
                }
                () = inbox.is_full() => self.burst = None,
                () = wake.notified() => self.appetite.hinted(),
                Some(notice) = self.hints.next() => self.heard(&notice),
                () = tokio::time::sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                    self.burst = self.burst.filter(|ends| *ends > Instant::now());
                    self.enforce_deadlines();
                }
            }
        }
        self.sign_off().await;
        Ok(())
    }
}
