-- Reports outcomes, then fetches jobs, in one transaction: see define_ack_and_fetch_jobs.sql.
-- Index: none of its own.
SELECT acked, id, state, queue, worker, args, errors, attempt, max_attempts, priority, tags, meta,
       attempted_by, inserted_at, scheduled_at, attempted_at, completed_at, cancelled_at, discarded_at
FROM pg_temp.oban_ack_and_fetch_jobs($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
