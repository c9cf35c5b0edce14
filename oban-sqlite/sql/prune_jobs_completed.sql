-- Deletes completed jobs that are old enough, oldest first.
-- Index: oban_jobs_completed_index
DELETE FROM oban_jobs
WHERE id IN (
  SELECT id
  FROM oban_jobs
  WHERE state = 'completed' AND completed_at <= :old
  ORDER BY completed_at, id
  LIMIT :limit
)
RETURNING id, queue, state
