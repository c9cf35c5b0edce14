-- For pruning.
CREATE INDEX {concurrently} IF NOT EXISTS oban_jobs_completed_index
  ON {prefix}.oban_jobs (completed_at)
  WHERE state = 'completed';
