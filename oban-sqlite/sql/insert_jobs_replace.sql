-- Lets a stored job take over parts of a duplicate.
-- Index: INTEGER PRIMARY KEY
UPDATE oban_jobs
SET args = :args,
    meta = :meta,
    tags = :tags,
    queue = :queue,
    worker = :worker,
    priority = :priority,
    max_attempts = :max_attempts,
    scheduled_at = :scheduled_at
WHERE id = :id
