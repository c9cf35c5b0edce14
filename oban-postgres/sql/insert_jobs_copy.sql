-- Takes jobs as lines of text, in the order of these columns.
-- Index: none is searched.
COPY {prefix}.oban_jobs
  (id, state, queue, worker, args, meta, tags, max_attempts, priority, inserted_at, scheduled_at)
FROM STDIN
