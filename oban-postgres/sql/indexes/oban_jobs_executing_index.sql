-- For rescue. Holds suspended jobs too, so that cancelling finds every unfinished job in some index.
CREATE INDEX {concurrently} IF NOT EXISTS oban_jobs_executing_index
  ON {prefix}.oban_jobs (attempted_at, id)
  WHERE state IN ('executing', 'suspended');
