//! The Postgres engine of oban.
