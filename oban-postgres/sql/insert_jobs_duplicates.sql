-- The oldest stored job that each of these new ones would be a duplicate of, for those that have one.
-- Index: oban_jobs_unique_key_index.
-- Each state is looked up by itself, and no period is one since -infinity: a list of states, or an OR, would be no
-- condition of the index, and all the history of a key would be read. Most keys have none, which one look tells.
-- Where the period counts from scheduled_at, it is not in the index.
-- The arrays are selected so that a plan does not depend on their length: it would be compiled (jit) for some hundred
-- milliseconds, although each key is looked up in the same way.
WITH given AS (
  SELECT position, key, states, by_schedule,
         coalesce(coalesce($1::timestamp, timezone('UTC', now())) - period * interval '1 microsecond', '-infinity')
           AS since
  FROM unnest((SELECT $2::bigint[]), (SELECT $3::text[]), (SELECT $4::text[]), (SELECT $5::bigint[]),
              (SELECT $6::boolean[]))
       AS given(position, key, states, period, by_schedule)
)
SELECT given.position, coalesce($1::timestamp, timezone('UTC', now())) AS now, stored.*
FROM given
CROSS JOIN LATERAL (
  SELECT
  FROM {prefix}.oban_jobs AS job
  WHERE job.meta ->> 'unique_key' = given.key
  LIMIT 1
) AS known
CROSS JOIN LATERAL (
  SELECT oldest.*
  FROM unnest(given.states::{prefix}.oban_job_state[]) AS counted(state)
  CROSS JOIN LATERAL (
    SELECT id, state::text, queue, worker, args, errors, attempt, max_attempts, priority, tags, meta,
           attempted_by, inserted_at, scheduled_at, attempted_at, completed_at, cancelled_at, discarded_at
    FROM {prefix}.oban_jobs AS job
    WHERE job.meta ->> 'unique_key' = given.key
      AND job.state = counted.state
      AND job.inserted_at >= CASE WHEN given.by_schedule THEN '-infinity' ELSE given.since END
      AND (NOT given.by_schedule OR job.scheduled_at >= given.since)
    ORDER BY job.inserted_at, job.id
    LIMIT 1
  ) AS oldest
  ORDER BY oldest.inserted_at, oldest.id
  LIMIT 1
) AS stored
