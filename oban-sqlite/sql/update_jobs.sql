-- Gives one job new values. What is NULL stays, and so does the key of a unique job.
-- Index: INTEGER PRIMARY KEY
UPDATE oban_jobs
SET args = coalesce(:args, args),
    meta = CASE
      WHEN :meta IS NULL THEN meta
      WHEN unique_key IS NULL THEN :meta
      ELSE json_set(:meta, '$.unique_key', unique_key)
    END,
    tags = coalesce(:tags, tags),
    queue = coalesce(:queue, queue),
    worker = coalesce(:worker, worker),
    priority = coalesce(:priority, priority),
    max_attempts = max(coalesce(:max_attempts, max_attempts), attempt),
    scheduled_at = coalesce(:scheduled_at, scheduled_at),
    state = iif(:scheduled_at IS NULL, state, 'scheduled')
WHERE id = :id
RETURNING id, state, queue, worker, args, meta, tags, errors, attempt, max_attempts, priority, attempted_by,
  inserted_at, scheduled_at, attempted_at, completed_at, cancelled_at, discarded_at
