//! `oban` as an application has it: through its facade, with its default settings.

mod store;
mod tidy;

use std::sync::Arc;

use anyhow::Result;
use async_trait::async_trait;
use harness::{Node, Reading, System, probe};
use oban::{Builder, Context, JobArgs, Oban, Outcome, Performed, Unique, Worker, job, testing::Memory};
use tokio::sync::OnceCell;

use crate::Ready;
use store::{File, Server, Store};

/// `oban` on Postgres.
pub(crate) async fn postgres(url: String) -> Result<Box<dyn System>> {
    Ok(system(Server::connect(&url).await?))
}

/// `oban` on a SQLite file.
pub(crate) async fn sqlite(path: String) -> Result<Box<dyn System>> {
    Ok(system(File::open(&path).await?))
}

/// `oban` in memory.
pub(crate) async fn memory() -> Result<Box<dyn System>> {
    Ok(system(Memory::new()))
}

/// `oban` on an engine that has nothing to do.
pub(crate) async fn ready() -> Result<Box<dyn System>> {
    Ok(system(Ready::new()))
}

fn system(store: impl Store) -> Box<dyn System> {
    Box::new(Jobs { store: Arc::new(store), inserting: OnceCell::new() })
}

#[job(queue = "default")]
struct Noop {
    number: usize,
}

impl Worker for Noop {
    async fn perform(self, _: Context) -> Performed {
        probe::reached();
        Ok(Outcome::Complete)
    }
}

/// The system, on whichever store.
struct Jobs {
    store: Arc<dyn Store>,
    /// An instance without queues, which inserts. It wants the tables, so it starts with the first job.
    inserting: OnceCell<Oban>,
}

impl Jobs {
    fn builder(&self) -> Builder {
        Oban::builder_on(self.store.engine())
    }

    async fn inserting(&self) -> Result<&Oban> {
        Ok(self.inserting.get_or_try_init(|| self.builder().start()).await?)
    }

    async fn try_insert_unique(&self, numbers: Vec<usize>) -> Result<usize> {
        let jobs = numbers.into_iter().map(|number| Noop { number }.unique(Unique::forever()));
        let inserted = self.inserting().await?.insert_all(jobs).await?;
        Ok(inserted.iter().filter(|inserted| !inserted.conflict).count())
    }

    async fn try_insert_tx(&self) -> Result<()> {
        self.store.insert_tx(self.inserting().await?, Noop { number: 0 }.into()).await
    }
}

#[async_trait]
impl System for Jobs {
    async fn migrate(&self) -> Result<()> {
        self.store.migrate().await
    }

    async fn insert(&self) -> Result<()> {
        self.inserting().await?.insert(Noop { number: 0 }).await?;
        Ok(())
    }

    async fn insert_tx(&self) -> Option<Result<()>> {
        self.store.has_transactions().then_some(self.try_insert_tx().await)
    }

    async fn insert_bulk(&self, count: usize) -> Result<()> {
        self.inserting().await?.insert_all((0..count).map(|number| Noop { number })).await?;
        Ok(())
    }

    async fn insert_unique(&self, numbers: Vec<usize>) -> Option<Result<usize>> {
        Some(self.try_insert_unique(numbers).await)
    }

    async fn start(&self, limit: usize) -> Result<Box<dyn Node>> {
        let node = self.builder().queue(crate::QUEUE, limit).worker::<Noop>().start().await?;
        Ok(Box::new(Running(node)))
    }

    async fn start_idle(&self, queues: usize) -> Option<Result<Box<dyn Node>>> {
        let idle = |builder: Builder, queue| builder.queue(format!("idle-{queue}"), 10);
        let builder = (0..queues).fold(self.builder().worker::<Noop>(), idle);
        Some(builder.start().await.map(|node| Box::new(Running(node)) as Box<dyn Node>).map_err(Into::into))
    }

    async fn keep_tidy(&self) -> Option<Result<Reading>> {
        Some(tidy::keep_tidy(&*self.store.engine()).await)
    }

    async fn is_done(&self) -> Result<bool> {
        self.store.is_done().await
    }
}

struct Running(Oban);

#[async_trait]
impl Node for Running {
    async fn stop(self: Box<Self>) -> Result<()> {
        Ok(self.0.stop().await?)
    }
}
