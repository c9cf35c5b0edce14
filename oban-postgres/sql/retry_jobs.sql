-- Makes the selected jobs available again and announces their queues.
-- Index: oban_jobs_pkey, in the order of ids when none are given.
-- Sent unnamed, so that it is planned for the values: conditions that were not given vanish.
-- Waits for locked rows, because an operator's word counts.
WITH selected AS (
  SELECT id, state
  FROM {prefix}.oban_jobs
  WHERE state NOT IN ('available', 'executing')
    AND ($2::bigint[] IS NULL OR id = ANY ($2))
    AND ($3::text[] IS NULL OR state = ANY ($3::{prefix}.oban_job_state[]))
    AND ($4::text[] IS NULL OR queue = ANY ($4))
    AND ($5::text[] IS NULL OR worker = ANY ($5))
    AND ($6::text[] IS NULL OR tags @> $6)
    AND ($9::bigint IS NULL OR id > $9)
  ORDER BY id
  LIMIT $7::bigint
  FOR UPDATE
), retried AS (
  UPDATE {prefix}.oban_jobs
  SET state = 'available',
      scheduled_at = coalesce($1::timestamp, timezone('UTC', now())),
      max_attempts = greatest(max_attempts, attempt + 1),
      completed_at = NULL,
      cancelled_at = NULL,
      discarded_at = NULL
  WHERE id = ANY (ARRAY(SELECT id FROM selected))
  RETURNING id, queue
), announced AS (
  SELECT pg_notify($8::text, '{"queue":' || to_json(queue)::text || '}')
  FROM (SELECT DISTINCT queue FROM retried) AS queues
)
SELECT retried.id, retried.queue, selected.state::text AS before, 'available' AS after,
       (SELECT count(*) FROM announced) AS announced
FROM retried
JOIN selected ON selected.id = retried.id
ORDER BY retried.id
