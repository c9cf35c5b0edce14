//! In-memory engine, conformance suite and test helpers of oban.
