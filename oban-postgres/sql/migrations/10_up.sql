-- Defaults and checks; Oban dropped its older indexes.
UPDATE {prefix}.oban_jobs SET priority = 0 WHERE priority IS NULL;
ALTER TABLE {prefix}.oban_jobs
  ALTER COLUMN args SET DEFAULT '{}',
  ALTER COLUMN priority SET NOT NULL,
  DROP CONSTRAINT IF EXISTS attempt_range,
  DROP CONSTRAINT IF EXISTS positive_max_attempts,
  ADD CONSTRAINT attempt_range CHECK (attempt BETWEEN 0 AND max_attempts),
  ADD CONSTRAINT positive_max_attempts CHECK (max_attempts > 0);
DROP INDEX IF EXISTS {prefix}.oban_jobs_attempted_at_id_index;
DROP INDEX IF EXISTS {prefix}.oban_jobs_queue_state_priority_scheduled_at_id_index;
