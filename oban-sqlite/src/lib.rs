//! The embedded SQLite engine of oban.
