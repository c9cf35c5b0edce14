-- Deletes discarded jobs that are old enough, oldest first.
-- Index: oban_jobs_discarded_index
DELETE FROM oban_jobs
WHERE id IN (
  SELECT id
  FROM oban_jobs
  WHERE state = 'discarded' AND discarded_at <= :old
  ORDER BY discarded_at, id
  LIMIT :limit
)
RETURNING id, queue, state
