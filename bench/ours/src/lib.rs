//! `oban` on each of its engines, and what it is compared with: the same statements on the same tables without any
//! framework.

mod oban;
mod raw;
mod ready;

use harness::{Candidate, Engine};

pub use ready::Ready;

/// Everything that can be measured here.
pub const CANDIDATES: [Candidate; 7] = [
    Candidate { name: "oban", engine: Engine::Postgres, open: |url| Box::pin(oban::postgres(url)) },
    Candidate { name: "oban", engine: Engine::Sqlite, open: |path| Box::pin(oban::sqlite(path)) },
    Candidate { name: "oban", engine: Engine::Memory, open: |_| Box::pin(oban::memory()) },
    Candidate { name: "ready", engine: Engine::Memory, open: |_| Box::pin(oban::ready()) },
    Candidate { name: "raw", engine: Engine::Postgres, open: |url| Box::pin(raw::postgres(url)) },
    Candidate { name: "raw-copy", engine: Engine::Postgres, open: |url| Box::pin(raw::postgres_copy(url)) },
    Candidate { name: "raw", engine: Engine::Sqlite, open: |path| Box::pin(raw::sqlite(path)) },
];

/// The queue of the jobs, and their worker: what is stored is the same for all.
const QUEUE: &str = "default";
const WORKER: &str = "Noop";
