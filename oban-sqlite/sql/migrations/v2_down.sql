-- Undoes version 2.
DROP INDEX IF EXISTS oban_jobs_unique_key_index;
