-- Takes back the jobs of dead producers and removes their registrations; takes back by age the jobs whose
-- producer is not registered; discards available jobs without attempts left.
-- Index: oban_jobs_executing_index (lean), oban_jobs_state_queue_priority_scheduled_at_id_index or another that
-- begins with the state (elixir); oban_jobs_exhausted_index, oban_jobs_pkey.
-- Reads every executing row, of which there are few, as in reclaim_jobs.sql. Ids of producers are
-- compared as text, because foreign rows may hold any. A registration stays while a job of its producer
-- remains, because of the limit or because the row is locked. Jobs that are taken are locked until they
-- are updated, so the answer needs no join with what was updated.
WITH dead AS (
  SELECT uuid
  FROM {prefix}.oban_producers
  WHERE updated_at <= coalesce($1::timestamp, timezone('UTC', now())) - $3::bigint * interval '1 microsecond'
  FOR UPDATE SKIP LOCKED
), lost AS (
  SELECT id, queue, state, attempt < max_attempts AS runs_again
  FROM {prefix}.oban_jobs
  WHERE state = 'executing'
    AND (
      attempted_by[2] = ANY (ARRAY(SELECT uuid::text FROM dead))
      OR (
        coalesce(attempted_at, inserted_at)
          <= coalesce($1::timestamp, timezone('UTC', now())) - $4::bigint * interval '1 microsecond'
        AND coalesce(attempted_by[2], '') <> ALL (ARRAY(SELECT uuid::text FROM {prefix}.oban_producers))
      )
    )
  ORDER BY id
  LIMIT $5::bigint
  FOR UPDATE SKIP LOCKED
), exhausted AS (
  SELECT id, queue, state, false AS runs_again
  FROM {prefix}.oban_jobs
  WHERE state = 'available' AND attempt >= max_attempts
  ORDER BY id
  LIMIT (SELECT $5::bigint - count(*) FROM lost)
  FOR UPDATE SKIP LOCKED
), taken AS (
  SELECT * FROM lost UNION ALL SELECT * FROM exhausted
), rescued AS (
  UPDATE {prefix}.oban_jobs
  SET state = CASE WHEN attempt < max_attempts THEN 'available' ELSE 'discarded' END::{prefix}.oban_job_state,
      discarded_at = CASE
        WHEN attempt < max_attempts THEN discarded_at
        ELSE coalesce($1::timestamp, timezone('UTC', now()))
      END,
      errors = CASE
        WHEN attempt < max_attempts THEN errors
        ELSE errors || jsonb_build_object(
          'at', to_char(coalesce($1::timestamp, timezone('UTC', now())), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
          'attempt', attempt,
          'error', CASE
            WHEN state = 'executing' THEN 'the node that ran the last attempt was lost'
            ELSE 'all attempts were used up before the job could run'
          END)
      END,
      meta = CASE
        WHEN attempt >= max_attempts THEN meta
        ELSE CASE WHEN jsonb_typeof(meta) = 'object' THEN meta ELSE '{}' END
          || jsonb_build_object(
               'rescued',
               1 + CASE
                     WHEN jsonb_typeof(meta -> 'rescued') = 'number' THEN (meta ->> 'rescued')::numeric
                     ELSE 0
                   END)
      END
  WHERE id = ANY (ARRAY(SELECT id FROM taken))
), buried AS (
  DELETE FROM {prefix}.oban_producers
  WHERE uuid IN (SELECT uuid FROM dead)
    AND uuid::text <> ALL (ARRAY(
      SELECT coalesce(attempted_by[2], '')
      FROM {prefix}.oban_jobs
      WHERE state = 'executing' AND id <> ALL (ARRAY(SELECT id FROM lost))
    ))
), announced AS (
  SELECT pg_notify($2::text, '{"queue":' || to_json(queue)::text || '}')
  FROM (SELECT DISTINCT queue FROM taken WHERE runs_again) AS queues
)
SELECT id, queue, state::text AS before, CASE WHEN runs_again THEN 'available' ELSE 'discarded' END AS after,
       (SELECT count(*) FROM announced) AS announced
FROM taken
ORDER BY id
