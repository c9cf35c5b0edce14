-- The first two stored jobs of each of these keys. Most keys have none and nearly all others one, which are spared the look
-- for the oldest in some states.
-- Index: oban_jobs_unique_key_index, in its order, lest two rows of any kind seem quicker to find in the table itself.
-- The arrays are selected so that a plan does not depend on their length: it would be compiled (jit) for some hundred
-- milliseconds, although each key is looked up in the same way.
SELECT given.position, coalesce($1::timestamp, timezone('UTC', now())) AS now, stored.*
FROM unnest((SELECT $2::bigint[]), (SELECT $3::text[])) AS given(position, key)
CROSS JOIN LATERAL (
  SELECT id, state::text, queue, worker, args, errors, attempt, max_attempts, priority, tags, meta,
         attempted_by, inserted_at, scheduled_at, attempted_at, completed_at, cancelled_at, discarded_at
  FROM {prefix}.oban_jobs AS job
  WHERE job.meta ->> 'unique_key' = given.key COLLATE "C"
  ORDER BY job.state, job.inserted_at
  LIMIT 2
) AS stored
