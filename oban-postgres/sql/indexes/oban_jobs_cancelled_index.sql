-- For pruning.
CREATE INDEX {concurrently} IF NOT EXISTS oban_jobs_cancelled_index
  ON {prefix}.oban_jobs (cancelled_at)
  WHERE state = 'cancelled';
