-- Gives the selected jobs new values. NULL leaves a column alone, and the key of a unique job stays.
-- Index: oban_jobs_pkey, in the order of ids when none are given.
-- Sent unnamed, so that it is planned for the values: conditions that were not given vanish.
-- Waits for locked rows, because an operator's word counts. A new time ($15, or $16 microseconds from
-- now) is for waiting jobs only.
WITH selected AS (
  SELECT id
  FROM {prefix}.oban_jobs
  WHERE (($15::timestamp IS NULL AND $16::bigint IS NULL) OR state IN ('scheduled', 'available', 'retryable'))
    AND ($2::bigint[] IS NULL OR id = ANY ($2))
    AND ($3::text[] IS NULL OR state = ANY ($3::{prefix}.oban_job_state[]))
    AND ($4::text[] IS NULL OR queue = ANY ($4))
    AND ($5::text[] IS NULL OR worker = ANY ($5))
    AND ($6::text[] IS NULL OR tags @> $6)
    AND ($17::bigint IS NULL OR id > $17)
  ORDER BY id
  LIMIT $7::bigint
  FOR UPDATE
), updated AS (
  UPDATE {prefix}.oban_jobs
  SET args = coalesce($8::jsonb, args),
      meta = CASE
        WHEN $9::jsonb IS NULL THEN meta
        WHEN meta ->> 'unique_key' IS NULL THEN $9
        ELSE $9 || jsonb_build_object('unique_key', meta ->> 'unique_key')
      END,
      tags = coalesce($10::text[], tags),
      queue = coalesce($11::text, queue),
      worker = coalesce($12::text, worker),
      priority = coalesce($13::integer, priority),
      max_attempts = CASE WHEN $14::integer IS NULL THEN max_attempts ELSE greatest($14, attempt) END,
      scheduled_at = coalesce(
        $15::timestamp,
        coalesce($1::timestamp, timezone('UTC', now())) + $16::bigint * interval '1 microsecond',
        scheduled_at),
      state = CASE WHEN $15 IS NULL AND $16 IS NULL THEN state ELSE 'scheduled' END
  WHERE id = ANY (ARRAY(SELECT id FROM selected))
  RETURNING *
)
SELECT id, state::text, queue, worker, args, errors, attempt, max_attempts, priority, tags, meta,
       attempted_by, inserted_at, scheduled_at, attempted_at, completed_at, cancelled_at, discarded_at
FROM updated
ORDER BY id
