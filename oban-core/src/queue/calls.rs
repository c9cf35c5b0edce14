//! A producer's calls to the store.

use std::{future, num::NonZeroUsize};

use futures_util::{
    FutureExt,
    future::BoxFuture,
    stream::{FuturesUnordered, StreamExt},
};
use serde_json::json;

use super::appetite::Search;
use crate::{
    Ack, Channel, Engine, Fetch, Fetched, Finish, JobId, Notifier, QueueMeta, Reclaimed, Result,
    engine::Traced,
};

/// The calls under way.
#[derive(Default)]
pub(super) struct Calls {
    under_way: FuturesUnordered<BoxFuture<'static, Answer>>,
    /// How many jobs they ask for in all.
    demand: usize,
    reclaiming: bool,
}

/// What came of a call. Acks come back with it: they are the producer's until the store took them.
pub(super) enum Answer {
    Fetched { demand: usize, search: Search, acks: Vec<Ack>, answer: Result<Fetched> },
    Acked { acks: Vec<Ack>, answer: Result<Vec<JobId>> },
    Reclaimed(Result<Reclaimed>),
}

impl Calls {
    pub(super) fn len(&self) -> usize {
        self.under_way.len()
    }

    /// How many jobs may still come.
    pub(super) fn demand(&self) -> usize {
        self.demand
    }

    /// Reports outcomes and fetches jobs, in one transaction.
    pub(super) fn fetch(
        &mut self,
        engine: Traced,
        queue: QueueMeta,
        demand: NonZeroUsize,
        acks: Vec<Ack>,
        search: Search,
    ) {
        let demand = demand.get();
        self.demand += demand;
        self.start(async move {
            let answer =
                engine.fetch_jobs(Fetch { queue: &queue, demand, after: search.after, acks: &acks }).await;
            if answer.is_ok() {
                announce(&engine, &queue, &acks).await;
            }
            Answer::Fetched { demand, search, acks, answer }
        });
    }

    /// Reports outcomes.
    pub(super) fn ack(&mut self, engine: Traced, queue: QueueMeta, acks: Vec<Ack>) {
        self.start(async move {
            let answer = engine.ack_jobs(&acks).await;
            if answer.is_ok() {
                announce(&engine, &queue, &acks).await;
            }
            Answer::Acked { acks, answer }
        });
    }

    /// Whether there may be one more, when there may be `most` at a time. None goes beside a reclaim: it would hand back
    /// what a fetch brings meanwhile.
    pub(super) fn leave_room(&self, most: usize) -> bool {
        self.len() < most && !self.reclaiming
    }

    /// Hands back what executes in our name, except these jobs. Not for use beside another call.
    pub(super) fn reclaim(&mut self, engine: Traced, queue: QueueMeta, known: Vec<JobId>) {
        self.reclaiming = true;
        self.start(async move { Answer::Reclaimed(engine.reclaim_jobs(&queue, &known).await) });
    }

    /// The next answer; never without a call. Cancel-safe.
    pub(super) async fn answer(&mut self) -> Answer {
        let Some(answer) = self.under_way.next().await else { return future::pending().await };
        match &answer {
            Answer::Fetched { demand, .. } => self.demand -= demand,
            Answer::Acked { .. } => {}
            Answer::Reclaimed(_) => self.reclaiming = false,
        }
        answer
    }

    fn start(&mut self, call: impl Future<Output = Answer> + Send + 'static) {
        self.under_way.push(call.boxed());
    }
}

/// Of jobs that were given back other nodes are told: they need not wait until they look for themselves.
async fn announce(engine: &Traced, queue: &QueueMeta, acks: &[Ack]) {
    if acks.iter().any(|ack| matches!(ack.finish, Finish::Return))
        && let Err(error) = engine.notify(Channel::Insert, &[json!({"queue": queue.queue})]).await
    {
        tracing::debug!(%error, queue = queue.queue, "could not announce the jobs given back");
    }
}
