-- One job, whole.
-- Index: INTEGER PRIMARY KEY
SELECT id, state, queue, worker, args, meta, tags, errors, attempt, max_attempts, priority, attempted_by,
  inserted_at, scheduled_at, attempted_at, completed_at, cancelled_at, discarded_at
FROM oban_jobs
WHERE id = :id
