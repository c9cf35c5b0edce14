-- Adds finished jobs of the last twenty hours, none of them old enough to be pruned.
-- Index: none is searched.
INSERT INTO oban_jobs
  (state, queue, worker, args, attempt, attempted_by, inserted_at, scheduled_at, attempted_at, completed_at)
SELECT 'completed', 'default', 'Noop', jsonb_build_object('number', number), 1, ARRAY['node', 'uuid'],
       at, at, at, at
FROM (
  SELECT number, timezone('UTC', now()) - number * interval '20 hours' / greatest($1::bigint, 1) AS at
  FROM generate_series(1, $1::bigint) AS number
) AS job
