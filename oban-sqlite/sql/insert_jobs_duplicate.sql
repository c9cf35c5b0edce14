-- Of several stored jobs with this key, the oldest that a new one would be a duplicate of, whole.
-- Index: oban_jobs_unique_key_index
--
-- A time is empty, which is before any other, where the age does not matter, or counts from the other one.
-- Sorting ids alone spares reading the rows, by their ids, that are not the oldest.
SELECT id, state, queue, worker, args, meta, tags, errors, attempt, max_attempts, priority, attempted_by,
  inserted_at, scheduled_at, attempted_at, completed_at, cancelled_at, discarded_at
FROM oban_jobs
WHERE id = (
  SELECT id
  FROM oban_jobs
  WHERE unique_key = :key
    AND state IN (SELECT value FROM json_each(:states))
    AND inserted_at >= :inserted_since
    AND scheduled_at >= :scheduled_since
  ORDER BY inserted_at, id
  LIMIT 1
)
