-- Oban replaced the indexes of single columns.
DROP INDEX IF EXISTS {prefix}.oban_jobs_scheduled_at_index;
DROP INDEX IF EXISTS {prefix}.oban_jobs_queue_index;
DROP INDEX IF EXISTS {prefix}.oban_jobs_state_index;
