-- Deletes cancelled jobs that are old enough, oldest first.
-- Index: oban_jobs_cancelled_index
DELETE FROM oban_jobs
WHERE id IN (
  SELECT id
  FROM oban_jobs
  WHERE state = 'cancelled' AND cancelled_at <= :old
  ORDER BY cancelled_at, id
  LIMIT :limit
)
RETURNING id, queue, state
