-- Cancels the selected jobs that are not finished, and tells whoever runs them.
-- Index: oban_jobs_pkey when ids are given; else those of the unfinished states together, namely
-- oban_jobs_available_index, oban_jobs_staging_index and oban_jobs_executing_index (lean) or any of Oban's own
-- that begin with the state (elixir).
-- Sent unnamed, so that it is planned for the values: conditions that were not given vanish. The states
-- are written as the predicates of those indexes. Waits for locked rows, because an operator's word counts.
WITH selected AS (
  SELECT id, state
  FROM {prefix}.oban_jobs
  WHERE (state = 'available' OR state IN ('scheduled', 'retryable') OR state IN ('executing', 'suspended'))
    AND ($2::bigint[] IS NULL OR id = ANY ($2))
    AND ($3::text[] IS NULL OR state = ANY ($3::{prefix}.oban_job_state[]))
    AND ($4::text[] IS NULL OR queue = ANY ($4))
    AND ($5::text[] IS NULL OR worker = ANY ($5))
    AND ($6::text[] IS NULL OR tags @> $6)
    AND ($9::bigint IS NULL OR id > $9)
  ORDER BY id
  LIMIT $7::bigint
  FOR UPDATE
), cancelled AS (
  UPDATE {prefix}.oban_jobs
  SET state = 'cancelled', cancelled_at = coalesce($1::timestamp, timezone('UTC', now()))
  WHERE id = ANY (ARRAY(SELECT id FROM selected))
  RETURNING id, queue
), announced AS (
  SELECT pg_notify($8::text, '{"action":"pkill","job_id":' || id || '}') FROM selected WHERE state = 'executing'
)
SELECT cancelled.id, cancelled.queue, selected.state::text AS before, 'cancelled' AS after,
       (SELECT count(*) FROM announced) AS announced
FROM cancelled
JOIN selected ON selected.id = cancelled.id
ORDER BY cancelled.id
