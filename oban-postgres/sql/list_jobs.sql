-- Lists the selected jobs, lowest id first.
-- Index: oban_jobs_pkey, in the order of ids when none are given.
-- Sent unnamed, so that it is planned for the values: conditions that were not given vanish.
SELECT id, state::text, queue, worker, args, errors, attempt, max_attempts, priority, tags, meta,
       attempted_by, inserted_at, scheduled_at, attempted_at, completed_at, cancelled_at, discarded_at
FROM {prefix}.oban_jobs
WHERE true
  AND ($1::bigint[] IS NULL OR id = ANY ($1))
  AND ($2::text[] IS NULL OR state = ANY ($2::{prefix}.oban_job_state[]))
  AND ($3::text[] IS NULL OR queue = ANY ($3))
  AND ($4::text[] IS NULL OR worker = ANY ($4))
  AND ($5::text[] IS NULL OR tags @> $5)
  AND ($7::bigint IS NULL OR id > $7)
ORDER BY id
LIMIT $6::bigint
