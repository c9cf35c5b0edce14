-- Oban's own, for pruning.
CREATE INDEX {concurrently} IF NOT EXISTS oban_jobs_state_discarded_at_index
  ON {prefix}.oban_jobs (state, discarded_at);
