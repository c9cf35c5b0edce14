-- For staging, oldest due first.
CREATE INDEX {concurrently} IF NOT EXISTS oban_jobs_staging_index
  ON {prefix}.oban_jobs (scheduled_at, id)
  WHERE state IN ('scheduled', 'retryable');
