-- Makes due jobs available, oldest due first; announces their queues; says which of the queues $4 have work.
-- Index: oban_jobs_staging_index for what is due; oban_jobs_available_index (lean) or
-- oban_jobs_state_queue_priority_scheduled_at_id_index (elixir) for one probe of each queue;
-- oban_jobs_pkey for the rest. The state is checked again as text, to keep other indexes out of it.
-- What is due is locked and so becomes available: the answer needs no join with what was updated, which, as
-- a nested loop of thousands by thousands, would take seconds.
-- The probes see the table as it was before, hence the second arm. Rows without an id are queues with
-- work. `LIMIT 1` keeps a probe a probe: an EXISTS may become a hash of all available rows.
WITH due AS (
  SELECT id, queue, state
  FROM {prefix}.oban_jobs
  WHERE state IN ('scheduled', 'retryable')
    AND scheduled_at <= coalesce($1::timestamp, timezone('UTC', now()))
  ORDER BY scheduled_at, id
  LIMIT $2::bigint
  FOR UPDATE SKIP LOCKED
), staged AS (
  UPDATE {prefix}.oban_jobs
  SET state = 'available'
  WHERE id = ANY (ARRAY(SELECT id FROM due)) AND state::text IN ('scheduled', 'retryable')
), announced AS (
  SELECT pg_notify($3::text, '{"queue":' || to_json(queue)::text || '}')
  FROM (SELECT DISTINCT queue FROM due) AS queues
)
SELECT id, queue, state::text AS before, 'available' AS after, (SELECT count(*) FROM announced) AS announced
FROM due
UNION ALL
SELECT NULL, known.queue, NULL, NULL, 0
FROM unnest($4::text[]) AS known(queue)
WHERE (
    SELECT true
    FROM {prefix}.oban_jobs AS job
    WHERE job.state = 'available' AND job.queue = known.queue
    LIMIT 1
  )
  OR known.queue IN (SELECT queue FROM due)
