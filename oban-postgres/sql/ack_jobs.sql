-- Finishes executions: one row of the arrays for each.
-- Index: oban_jobs_pkey.
-- Only a row that still is the same execution takes the outcome. The arrays are sorted by id, and a
-- nested loop over them locks in that order, so two of these never wait for each other in a circle.
-- The state is compared as text, or else the planner may search the index of executing rows, which looks
-- empty to it at times, for each id. `errors || entry` appends to jsonb[]. A counter that is no number counts from 0.
WITH ack AS (
  SELECT *
  FROM unnest($2::bigint[], $3::integer[], $4::timestamp[], $5::text[], $6::bigint[], $7::text[],
              $8::jsonb[], $9::text[], $10::boolean[])
       AS ack(id, attempt, attempted_at, state, delay, error, meta, counter, refund)
)
UPDATE {prefix}.oban_jobs AS job
SET state = ack.state::{prefix}.oban_job_state,
    attempt = CASE WHEN ack.refund THEN greatest(job.attempt - 1, 0) ELSE job.attempt END,
    scheduled_at = CASE
      WHEN ack.delay IS NULL THEN job.scheduled_at
      ELSE coalesce($1::timestamp, timezone('UTC', now())) + ack.delay * interval '1 microsecond'
    END,
    completed_at = CASE
      WHEN ack.state = 'completed' THEN coalesce($1::timestamp, timezone('UTC', now()))
      ELSE job.completed_at
    END,
    cancelled_at = CASE
      WHEN ack.state = 'cancelled' THEN coalesce($1::timestamp, timezone('UTC', now()))
      ELSE job.cancelled_at
    END,
    discarded_at = CASE
      WHEN ack.state = 'discarded' THEN coalesce($1::timestamp, timezone('UTC', now()))
      ELSE job.discarded_at
    END,
    errors = CASE
      WHEN ack.error IS NULL THEN job.errors
      ELSE job.errors || jsonb_build_object(
        'at', to_char(coalesce($1::timestamp, timezone('UTC', now())), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'attempt', job.attempt,
        'error', ack.error)
    END,
    meta = CASE
      WHEN ack.meta IS NULL AND ack.counter IS NULL THEN job.meta
      ELSE CASE WHEN jsonb_typeof(job.meta) = 'object' THEN job.meta ELSE '{}' END
        || coalesce(ack.meta, '{}')
        || CASE
             WHEN ack.counter IS NULL THEN '{}'
             ELSE jsonb_build_object(
               ack.counter,
               1 + CASE
                     WHEN jsonb_typeof(job.meta -> ack.counter) = 'number'
                       THEN (job.meta ->> ack.counter)::numeric
                     ELSE 0
                   END)
           END
    END
FROM ack
WHERE job.id = ack.id
  AND job.state::text = 'executing'
  AND job.attempt = ack.attempt
  AND job.attempted_at IS NOT DISTINCT FROM ack.attempted_at
RETURNING job.id
