-- Deletes the selected jobs, except executing ones.
-- Index: oban_jobs_pkey, in the order of ids when none are given.
-- Sent unnamed, so that it is planned for the values: conditions that were not given vanish.
-- Waits for locked rows, because an operator's word counts.
WITH selected AS (
  SELECT id
  FROM {prefix}.oban_jobs
  WHERE state <> 'executing'
    AND ($1::bigint[] IS NULL OR id = ANY ($1))
    AND ($2::text[] IS NULL OR state = ANY ($2::{prefix}.oban_job_state[]))
    AND ($3::text[] IS NULL OR queue = ANY ($3))
    AND ($4::text[] IS NULL OR worker = ANY ($4))
    AND ($5::text[] IS NULL OR tags @> $5)
    AND ($7::bigint IS NULL OR id > $7)
  ORDER BY id
  LIMIT $6::bigint
  FOR UPDATE
), deleted AS (
  DELETE FROM {prefix}.oban_jobs
  WHERE id = ANY (ARRAY(SELECT id FROM selected))
  RETURNING id, queue, state
)
SELECT id, queue, state::text AS before, NULL::text AS after
FROM deleted
ORDER BY id
