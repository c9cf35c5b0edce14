-- Deletes finished jobs that are old enough, the oldest of each state first. An age of NULL matches nothing.
-- Index: oban_jobs_completed_index; oban_jobs_cancelled_index and oban_jobs_discarded_index (lean) or
-- oban_jobs_state_cancelled_at_index and oban_jobs_state_discarded_at_index (elixir); oban_jobs_pkey.
WITH completed AS (
  SELECT id
  FROM {prefix}.oban_jobs
  WHERE state = 'completed'
    AND completed_at <= coalesce($1::timestamp, timezone('UTC', now())) - $2::bigint * interval '1 microsecond'
  ORDER BY completed_at
  LIMIT $5::bigint
  FOR UPDATE SKIP LOCKED
), cancelled AS (
  SELECT id
  FROM {prefix}.oban_jobs
  WHERE state = 'cancelled'
    AND cancelled_at <= coalesce($1::timestamp, timezone('UTC', now())) - $3::bigint * interval '1 microsecond'
  ORDER BY cancelled_at
  LIMIT (SELECT $5::bigint - count(*) FROM completed)
  FOR UPDATE SKIP LOCKED
), discarded AS (
  SELECT id
  FROM {prefix}.oban_jobs
  WHERE state = 'discarded'
    AND discarded_at <= coalesce($1::timestamp, timezone('UTC', now())) - $4::bigint * interval '1 microsecond'
  ORDER BY discarded_at
  LIMIT (SELECT $5::bigint - (SELECT count(*) FROM completed) - (SELECT count(*) FROM cancelled))
  FOR UPDATE SKIP LOCKED
)
DELETE FROM {prefix}.oban_jobs
WHERE id = ANY (ARRAY(
  SELECT id FROM completed UNION ALL SELECT id FROM cancelled UNION ALL SELECT id FROM discarded
))
RETURNING id, queue, state::text AS before, NULL::text AS after
