-- The executing jobs of producers whose heart stopped.
-- Index: oban_jobs_executing_index
SELECT id, queue, state, attempt >= max_attempts
FROM oban_jobs
WHERE state = 'executing'
  AND attempted_by ->> 1 IN (SELECT uuid FROM oban_producers WHERE updated_at <= :stale)
ORDER BY attempted_at, id
LIMIT :limit
