-- Oban's own, for pruning.
CREATE INDEX {concurrently} IF NOT EXISTS oban_jobs_state_cancelled_at_index
  ON {prefix}.oban_jobs (state, cancelled_at);
