-- Names may have any length.
ALTER TABLE {prefix}.oban_jobs
  DROP CONSTRAINT IF EXISTS worker_length,
  DROP CONSTRAINT IF EXISTS queue_length;
