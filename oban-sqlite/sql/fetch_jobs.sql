-- Makes up to :demand available jobs of one queue executing. They come back in any order.
-- Index: oban_jobs_available_index
UPDATE oban_jobs
SET state = 'executing',
    attempt = attempt + 1,
    attempted_by = :attempted_by,
    attempted_at = :now
WHERE id IN (
  SELECT id
  FROM oban_jobs
  WHERE state = 'available' AND queue = :queue AND attempt < max_attempts
    AND (priority, scheduled_at, id) > (:after_priority, :after_scheduled_at, :after_id)
  ORDER BY priority, scheduled_at, id
  LIMIT :demand
)
RETURNING id, state, queue, worker, args, meta, tags, errors, attempt, max_attempts, priority, attempted_by,
  inserted_at, scheduled_at, attempted_at, completed_at, cancelled_at, discarded_at
