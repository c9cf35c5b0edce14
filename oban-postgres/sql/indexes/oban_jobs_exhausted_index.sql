-- For rescue: available jobs without attempts left. As good as empty.
CREATE INDEX {concurrently} IF NOT EXISTS oban_jobs_exhausted_index
  ON {prefix}.oban_jobs (id)
  WHERE state = 'available' AND attempt >= max_attempts;
