-- Makes up to :demand available jobs of one queue executing. They come back in any order.
-- Index: oban_jobs_available_index
--
-- attempted_at always rises, even if the clock stands still or steps back: with the attempt it names the
-- execution, and a snoozed job runs again under the same attempt.
UPDATE oban_jobs
SET state = 'executing',
    attempt = attempt + 1,
    attempted_by = :attempted_by,
    attempted_at = CASE
      WHEN attempted_at IS NULL OR attempted_at < :now THEN :now
      WHEN substr(attempted_at, 21, 6) = '999999'
        THEN strftime('%Y-%m-%dT%H:%M:%S', substr(attempted_at, 1, 19), '+1 second') || '.000000Z'
      ELSE substr(attempted_at, 1, 20) || printf('%06d', substr(attempted_at, 21, 6) + 1) || 'Z'
    END
WHERE id IN (
  SELECT id
  FROM oban_jobs
  WHERE state = 'available' AND queue = :queue AND attempt < max_attempts
  ORDER BY priority, scheduled_at, id
  LIMIT :demand
)
RETURNING id, state, queue, worker, args, meta, tags, errors, attempt, max_attempts, priority, attempted_by,
  inserted_at, scheduled_at, attempted_at, completed_at, cancelled_at, discarded_at
