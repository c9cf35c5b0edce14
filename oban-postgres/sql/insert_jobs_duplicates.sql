-- The oldest stored job that each of these new ones would be a duplicate of, for those that have one.
-- Index: oban_jobs_unique_key_index.
-- Sorted by time first, lest the planner walks the primary key until it meets one.
WITH given AS (
  SELECT *
  FROM unnest($2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::boolean[])
       AS given(position, key, states, period, by_schedule)
)
SELECT given.position, coalesce($1::timestamp, timezone('UTC', now())) AS now, stored.*
FROM given
CROSS JOIN LATERAL (
  SELECT id, state::text, queue, worker, args, errors, attempt, max_attempts, priority, tags, meta,
         attempted_by, inserted_at, scheduled_at, attempted_at, completed_at, cancelled_at, discarded_at
  FROM {prefix}.oban_jobs AS job
  WHERE job.meta ->> 'unique_key' = given.key
    AND job.state = ANY (given.states::{prefix}.oban_job_state[])
    AND (given.period IS NULL
         OR CASE WHEN given.by_schedule THEN job.scheduled_at ELSE job.inserted_at END
            >= coalesce($1::timestamp, timezone('UTC', now())) - given.period * interval '1 microsecond')
  ORDER BY job.inserted_at, job.id
  LIMIT 1
) AS stored
