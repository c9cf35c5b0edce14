-- For pruning.
CREATE INDEX {concurrently} IF NOT EXISTS oban_jobs_discarded_index
  ON {prefix}.oban_jobs (discarded_at)
  WHERE state = 'discarded';
