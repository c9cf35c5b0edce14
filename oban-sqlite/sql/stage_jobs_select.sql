-- The jobs that are due, oldest first.
-- Index: oban_jobs_staging_index
SELECT id, queue, state
FROM oban_jobs
WHERE state IN ('scheduled', 'retryable') AND scheduled_at <= :now
ORDER BY scheduled_at, id
LIMIT :limit
