-- Stores jobs, with no more words than it takes.
-- Index: none is searched.
INSERT INTO oban_jobs (state, queue, worker, args, max_attempts)
SELECT 'available', queue, worker, args, max_attempts
FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::integer[]) AS job(queue, worker, args, max_attempts)
RETURNING id
