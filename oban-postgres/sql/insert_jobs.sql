-- Stores one chunk of jobs and announces the queues that got available ones. Answers with the ids and the time;
-- all else of the rows is what was sent.
-- Index: none is searched.
-- The ids rise in the order given: sorting happens before the id's default is evaluated.
-- Most jobs have no meta, tags, priority or time of their own. `unnest` fills short arrays up with NULL, so columns are
-- sent up to their last value: what is not sent costs neither side anything.
-- Tags travel as literals of arrays: an array of arrays has to be rectangular, and a subquery for each row costs more.
-- The time is a subquery to be evaluated once.
-- NOTIFY is part of the statement, so it goes out when and only when the transaction commits. A CTE that nobody
-- reads would not run, hence the count.
-- Where a trigger keeps rows out, a division by zero takes the others back: all jobs are stored, or none.
WITH clock AS (
  SELECT coalesce($1::timestamp, timezone('UTC', now())) AS time
), stored AS (
  INSERT INTO {prefix}.oban_jobs
    (state, queue, worker, args, meta, tags, max_attempts, priority, inserted_at, scheduled_at)
  SELECT
    CASE WHEN scheduled_at IS NULL AND delay IS NULL THEN 'available' ELSE 'scheduled'
    END::{prefix}.oban_job_state,
    queue, worker, args, coalesce(meta, '{}'), coalesce(tags::text[], '{}'), max_attempts, coalesce(priority, 0),
    (SELECT time FROM clock),
    coalesce(scheduled_at, (SELECT time FROM clock) + delay * interval '1 microsecond', (SELECT time FROM clock))
  FROM unnest($4::text[], $5::text[], $6::jsonb[], $7::jsonb[], $8::text[], $9::integer[], $10::integer[],
              $11::timestamp[], $12::bigint[])
       WITH ORDINALITY AS job(queue, worker, args, meta, tags, max_attempts, priority,
                              scheduled_at, delay, position)
  ORDER BY position
  RETURNING id
), announced AS (
  SELECT pg_notify($2::text, payload) FROM unnest($3::text[]) AS payload
)
SELECT array_agg(id) AS ids, (SELECT time FROM clock) AS inserted_at,
       (SELECT count(*) FROM announced) AS announced,
       1 / (count(*) = cardinality($4::text[]))::integer AS are_all
FROM stored
