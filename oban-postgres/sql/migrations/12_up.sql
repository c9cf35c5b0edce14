-- Any priority from 0 on; writers announce what they insert, so Oban's trigger goes.
-- NOT VALID, because rows of the past need not be read for it.
DROP TRIGGER IF EXISTS oban_notify ON {prefix}.oban_jobs;
DROP FUNCTION IF EXISTS {prefix}.oban_jobs_notify();
ALTER TABLE {prefix}.oban_jobs
  DROP CONSTRAINT IF EXISTS priority_range,
  DROP CONSTRAINT IF EXISTS non_negative_priority,
  ADD CONSTRAINT non_negative_priority CHECK (priority >= 0) NOT VALID;
