-- The available jobs whose attempts are used up, which no fetch takes.
-- Index: oban_jobs_exhausted_index
SELECT id, queue, state, attempt >= max_attempts
FROM oban_jobs
WHERE state = 'available' AND attempt >= max_attempts
ORDER BY id
LIMIT :limit
