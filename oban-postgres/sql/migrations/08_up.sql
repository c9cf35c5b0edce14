-- When a job was discarded, its priority and its tags.
ALTER TABLE {prefix}.oban_jobs
  ADD COLUMN IF NOT EXISTS discarded_at timestamp,
  ADD COLUMN IF NOT EXISTS priority integer,
  ADD COLUMN IF NOT EXISTS tags text[];
ALTER TABLE {prefix}.oban_jobs
  ALTER COLUMN priority SET DEFAULT 0,
  ALTER COLUMN tags SET DEFAULT ARRAY[]::text[];
DROP INDEX IF EXISTS {prefix}.oban_jobs_queue_state_scheduled_at_id_index;
