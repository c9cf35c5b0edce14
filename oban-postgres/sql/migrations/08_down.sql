-- Forgets when a job was discarded, its priority and its tags.
ALTER TABLE {prefix}.oban_jobs
  DROP COLUMN IF EXISTS discarded_at,
  DROP COLUMN IF EXISTS priority,
  DROP COLUMN IF EXISTS tags;
