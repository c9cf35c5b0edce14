-- Version 4, first: what a unique job is found by. NULL in plain jobs.
ALTER TABLE oban_jobs ADD COLUMN unique_key TEXT;
