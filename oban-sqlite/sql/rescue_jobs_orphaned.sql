-- The executing jobs that no registered producer answers for and that are old.
-- Index: oban_jobs_executing_index
SELECT id, queue, state, attempt >= max_attempts
FROM oban_jobs
WHERE state = 'executing'
  AND (attempted_at <= :old OR attempted_at IS NULL)
  AND NOT EXISTS (SELECT 1 FROM oban_producers WHERE uuid = oban_jobs.attempted_by ->> 1)
ORDER BY attempted_at, id
LIMIT :limit
