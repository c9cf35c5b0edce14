-- For fetching, in the order of fetching. Waiting jobs only, so it stays small.
CREATE INDEX {concurrently} IF NOT EXISTS oban_jobs_available_index
  ON {prefix}.oban_jobs (queue, priority, scheduled_at, id)
  WHERE state = 'available';
