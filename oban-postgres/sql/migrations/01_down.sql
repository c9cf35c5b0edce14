-- Removes everything.
DROP TABLE IF EXISTS {prefix}.oban_jobs;
DROP FUNCTION IF EXISTS {prefix}.oban_jobs_notify();
DROP TYPE IF EXISTS {prefix}.oban_job_state;
