-- Takes jobs in the binary format, with these columns in this order.
-- Index: none is searched.
COPY {prefix}.oban_jobs
  (id, state, queue, worker, args, meta, tags, max_attempts, priority, inserted_at, scheduled_at)
FROM STDIN WITH (FORMAT binary)
