-- Stores one new job.
-- Index: none.
INSERT INTO oban_jobs (
  state, queue, worker, args, meta, tags, priority, max_attempts, inserted_at, scheduled_at, unique_key
)
VALUES (:state, :queue, :worker, :args, :meta, :tags, :priority, :max_attempts, :now, :scheduled_at, :unique_key)
