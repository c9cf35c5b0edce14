//! The contract of engines, kept by two nodes on one database; and, by file, what only Postgres has.
//! One binary for all, because linking takes longer than most of the tests.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "test code")]

mod connections;
mod copying;
mod fetching;
mod indexes;
mod insertion;
mod migrations;
mod model;
mod notifier;
mod plans;
mod proxy;
mod reindex;
mod rows;
mod signals;
mod sql;
mod support;
mod transactions;
mod unique;

use oban_core::Clock;
use oban_postgres::Postgres;
use oban_testing::Fixture;
use support::Database;

async fn fresh(clock: Clock) -> Fixture {
    let database = Database::migrated().await;
    let node = || Postgres::new(database.pool()).clock(clock.clone());
    Fixture::new(node(), node()).guard(database)
}

oban_testing::conformance!(fresh);
