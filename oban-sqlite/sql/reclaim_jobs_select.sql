-- The executing jobs that carry a producer's uuid but do not run there.
-- Index: oban_jobs_executing_index
--
-- The plus keeps SQLite from walking the table in the order of its ids instead.
SELECT id, queue, state
FROM oban_jobs
WHERE state = 'executing'
  AND attempted_by ->> 1 = :uuid
  AND id NOT IN (SELECT value FROM json_each(:running))
ORDER BY +id
