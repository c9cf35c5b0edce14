//! A producer's call to the store. There is at most one at a time, so that outcomes and fetches keep their order.

use std::future;

use futures_util::{FutureExt, future::BoxFuture};

use crate::{Ack, Engine, Fetch, Fetched, JobId, QueueMeta, Result, engine::Traced};

/// The call under way, if there is one.
#[derive(Default)]
pub(super) struct Call(Option<BoxFuture<'static, Answer>>);

/// What came of a call. Acks come back with it: they are the producer's until the store took them.
pub(super) enum Answer {
    Fetched { demand: usize, acks: Vec<Ack>, answer: Result<Fetched> },
    Acked { acks: Vec<Ack>, answer: Result<Vec<JobId>> },
    Reclaimed(Result<usize>),
}

impl Call {
    pub(super) fn is_under_way(&self) -> bool {
        self.0.is_some()
    }

    /// Reports outcomes and fetches jobs, in one transaction.
    pub(super) fn fetch(&mut self, engine: Traced, queue: QueueMeta, demand: usize, acks: Vec<Ack>) {
        self.start(async move {
            let answer = engine.fetch_jobs(Fetch { queue: &queue, demand, acks: &acks }).await;
            Answer::Fetched { demand, acks, answer }
        });
    }

    /// Reports outcomes.
    pub(super) fn ack(&mut self, engine: Traced, acks: Vec<Ack>) {
        self.start(async move {
            let answer = engine.ack_jobs(&acks).await;
            Answer::Acked { acks, answer }
        });
    }

    /// Hands back what executes in our name, except these jobs.
    pub(super) fn reclaim(&mut self, engine: Traced, queue: QueueMeta, known: Vec<JobId>) {
        self.start(async move {
            Answer::Reclaimed(engine.reclaim_jobs(&queue, &known).await.map(|jobs| jobs.len()))
        });
    }

    /// The answer; never without a call. Cancel-safe.
    pub(super) async fn answer(&mut self) -> Answer {
        let answer = match &mut self.0 {
            Some(call) => call.await,
            None => future::pending().await,
        };
        self.0 = None;
        answer
    }

    fn start(&mut self, call: impl Future<Output = Answer> + Send + 'static) {
        self.0 = Some(call.boxed());
    }
}
