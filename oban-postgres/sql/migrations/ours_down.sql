-- Removes what is ours beside Oban's catalog.
DROP TABLE IF EXISTS {prefix}.oban_producers;
DROP TABLE IF EXISTS {prefix}.oban_cron_runs;
DROP INDEX IF EXISTS {prefix}.oban_jobs_available_index;
DROP INDEX IF EXISTS {prefix}.oban_jobs_staging_index;
DROP INDEX IF EXISTS {prefix}.oban_jobs_retryable_index;
DROP INDEX IF EXISTS {prefix}.oban_jobs_executing_index;
DROP INDEX IF EXISTS {prefix}.oban_jobs_exhausted_index;
DROP INDEX IF EXISTS {prefix}.oban_jobs_completed_index;
DROP INDEX IF EXISTS {prefix}.oban_jobs_cancelled_index;
DROP INDEX IF EXISTS {prefix}.oban_jobs_discarded_index;
DROP INDEX IF EXISTS {prefix}.oban_jobs_unique_key_index;
