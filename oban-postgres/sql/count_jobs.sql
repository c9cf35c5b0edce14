-- Counts the selected jobs in each queue and state.
-- Index: oban_jobs_pkey when ids are given. Else it reads what it counts: asked for by people, now and then.
-- Sent unnamed, so that it is planned for the values: conditions that were not given vanish.
SELECT queue, state::text, count(*) AS count
FROM {prefix}.oban_jobs
WHERE true
  AND ($1::bigint[] IS NULL OR id = ANY ($1))
  AND ($2::text[] IS NULL OR state = ANY ($2::{prefix}.oban_job_state[]))
  AND ($3::text[] IS NULL OR queue = ANY ($3))
  AND ($4::text[] IS NULL OR worker = ANY ($4))
  AND ($5::text[] IS NULL OR tags @> $5)
GROUP BY queue, state
