//! Peers of the crate registry: each as its documentation starts it, and with what its documentation says about speed.
//!
//! What an idle node costs is not asked of them: each has queues in a sense of its own.

mod apalis;
mod graphile;
mod riverqueue;
mod settings;

use harness::{Candidate, Engine::Postgres};

use crate::settings::Settings::{Defaults, Tuned};

/// Everything that can be measured here.
pub const CANDIDATES: [Candidate; 6] = [
    Candidate { name: "apalis", engine: Postgres, open: |url| Box::pin(apalis::open(url, Defaults)) },
    Candidate { name: "apalis-tuned", engine: Postgres, open: |url| Box::pin(apalis::open(url, Tuned)) },
    Candidate { name: "graphile", engine: Postgres, open: |url| Box::pin(graphile::open(url, Defaults)) },
    Candidate { name: "graphile-tuned", engine: Postgres, open: |url| Box::pin(graphile::open(url, Tuned)) },
    Candidate { name: "riverqueue", engine: Postgres, open: |url| Box::pin(riverqueue::open(url, Defaults)) },
    Candidate {
        name: "riverqueue-tuned",
        engine: Postgres,
        open: |url| Box::pin(riverqueue::open(url, Tuned)),
    },
];
