-- Forgets who fetched a job.
ALTER TABLE {prefix}.oban_jobs DROP COLUMN IF EXISTS attempted_by;
