//! Types, traits and runtime of oban: jobs that live in your database.
