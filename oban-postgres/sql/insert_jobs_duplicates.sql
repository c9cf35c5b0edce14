-- Of several stored jobs with each of these keys, the oldest that a new one would be a duplicate of.
-- Index: oban_jobs_unique_key_index.
-- Each state is looked up by itself, and no period is one since -infinity: a list of states, or an OR, would be no
-- condition of the index, and all the history of a key would be read.
-- Where the period counts from scheduled_at, it is not in the index.
-- The arrays are selected so that a plan does not depend on their length: it would be compiled (jit) for some hundred
-- milliseconds, although each key is looked up in the same way.
WITH rule AS MATERIALIZED (
  SELECT number, states::{prefix}.oban_job_state[] AS states, by_schedule,
         coalesce(coalesce($1::timestamp, timezone('UTC', now())) - period * interval '1 microsecond', '-infinity')
           AS since
  FROM unnest($2::text[], $3::bigint[], $4::boolean[])
       WITH ORDINALITY AS rule(states, period, by_schedule, number)
), given AS (
  SELECT *
  FROM unnest((SELECT $5::bigint[]), (SELECT $6::text[]), (SELECT $7::bigint[])) AS given(position, key, rule)
)
SELECT given.position, coalesce($1::timestamp, timezone('UTC', now())) AS now, stored.*
FROM given
JOIN rule ON rule.number = given.rule
CROSS JOIN LATERAL (
  SELECT oldest.*
  FROM unnest(rule.states) AS counted(state)
  CROSS JOIN LATERAL (
    SELECT id, state::text, queue, worker, args, errors, attempt, max_attempts, priority, tags, meta,
           attempted_by, inserted_at, scheduled_at, attempted_at, completed_at, cancelled_at, discarded_at
    FROM {prefix}.oban_jobs AS job
    WHERE job.meta ->> 'unique_key' = given.key COLLATE "C"
      AND job.state = counted.state
      AND job.inserted_at >= CASE WHEN rule.by_schedule THEN '-infinity' ELSE rule.since END
      AND (NOT rule.by_schedule OR job.scheduled_at >= rule.since)
    ORDER BY job.inserted_at
    LIMIT 1
  ) AS oldest
  ORDER BY oldest.inserted_at, oldest.id
  LIMIT 1
) AS stored
