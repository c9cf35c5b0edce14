-- Each row as text, without times, and without who ran it.
-- Index: oban_jobs_pkey.
SELECT concat_ws(' ', id, state, queue, worker, args, meta, tags, errors, attempt, max_attempts, priority,
                 cardinality(attempted_by), inserted_at IS NULL, scheduled_at IS NULL, attempted_at IS NULL,
                 completed_at IS NULL, cancelled_at IS NULL, discarded_at IS NULL)
FROM oban_jobs
ORDER BY id
