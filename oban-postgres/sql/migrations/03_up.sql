-- Who fetched a job.
ALTER TABLE {prefix}.oban_jobs ADD COLUMN IF NOT EXISTS attempted_by text[];
