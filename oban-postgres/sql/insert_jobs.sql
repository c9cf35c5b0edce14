-- Stores one chunk of jobs and announces the queues that got available ones.
-- Index: none is searched.
-- The ids rise in the order given: sorting happens before the id's default is evaluated.
-- NOTIFY is part of the statement, so it goes out when and only when the transaction commits, once
-- for each queue. A CTE that nobody reads would not run, hence the count.
WITH job AS (
  SELECT *
  FROM unnest($3::text[], $4::text[], $5::jsonb[], $6::jsonb[], $7::jsonb[], $8::integer[], $9::integer[],
              $10::timestamp[], $11::bigint[])
       WITH ORDINALITY AS job(queue, worker, args, meta, tags, max_attempts, priority,
                              scheduled_at, delay, position)
), stored AS (
  INSERT INTO {prefix}.oban_jobs
    (state, queue, worker, args, meta, tags, max_attempts, priority, inserted_at, scheduled_at)
  SELECT
    CASE WHEN scheduled_at IS NULL AND delay IS NULL THEN 'available' ELSE 'scheduled'
    END::{prefix}.oban_job_state,
    queue, worker, args, meta, ARRAY(SELECT jsonb_array_elements_text(tags)), max_attempts, priority,
    coalesce($1::timestamp, timezone('UTC', now())),
    coalesce(scheduled_at,
             coalesce($1::timestamp, timezone('UTC', now())) + coalesce(delay, 0) * interval '1 microsecond')
  FROM job
  ORDER BY position
  RETURNING *
), announced AS (
  SELECT pg_notify($2::text, '{"queue":' || to_json(queue)::text || '}')
  FROM (SELECT DISTINCT queue FROM stored WHERE state = 'available') AS waiting
)
SELECT id, state::text, queue, worker, args, errors, attempt, max_attempts, priority, tags, meta,
       attempted_by, inserted_at, scheduled_at, attempted_at, completed_at, cancelled_at, discarded_at,
       (SELECT count(*) FROM announced) AS announced
FROM stored
ORDER BY id
