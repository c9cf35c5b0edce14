-- For counting: the retryable among a million scheduled jobs. Holds failed jobs only, so it stays small.
CREATE INDEX {concurrently} IF NOT EXISTS oban_jobs_retryable_index
  ON {prefix}.oban_jobs (scheduled_at, id)
  WHERE state = 'retryable';
