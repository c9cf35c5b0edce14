-- Counts the selected jobs in each queue and state, up to $6 in each state.
-- Index: that of the primary key when ids are given; else for each arm the one in whose order it reads:
--   available: oban_jobs_available_index (lean)
--   scheduled: oban_jobs_staging_index
--   retryable: oban_jobs_retryable_index (lean)
--   executing, suspended: oban_jobs_executing_index (lean)
--   completed: oban_jobs_completed_index
--   discarded: oban_jobs_discarded_index (lean), oban_jobs_state_discarded_at_index (elixir)
--   cancelled: oban_jobs_cancelled_index (lean), oban_jobs_state_cancelled_at_index (elixir)
--   oban_jobs_state_queue_priority_scheduled_at_id_index (elixir) for what has no index of its own there.
-- Sent unnamed, so that it is planned for the values: conditions that were not given vanish, and so does the work of
-- arms that were not asked for. The states are literals, because a partial index is used for nothing else.
-- The order is there for the planner alone. Without it, it reads the table from its beginning and expects to meet
-- enough jobs soon, but those that wait stand at its end, behind all that is finished.
WITH selected AS NOT MATERIALIZED (
  SELECT *
  FROM {prefix}.oban_jobs
  WHERE true
    AND ($1::bigint[] IS NULL OR id = ANY ($1))
    AND ($3::text[] IS NULL OR queue = ANY ($3))
    AND ($4::text[] IS NULL OR worker = ANY ($4))
    AND ($5::text[] IS NULL OR tags @> $5)
    AND ($7::bigint IS NULL OR id > $7)
), counted AS (
  (SELECT queue, state FROM selected
   WHERE state = 'suspended' AND ($2::text[] IS NULL OR 'suspended' = ANY ($2))
   ORDER BY attempted_at, id LIMIT $6::bigint)
  UNION ALL
  (SELECT queue, state FROM selected
   WHERE state = 'scheduled' AND ($2::text[] IS NULL OR 'scheduled' = ANY ($2))
   ORDER BY scheduled_at, id LIMIT $6::bigint)
  UNION ALL
  (SELECT queue, state FROM selected
   WHERE state = 'available' AND ($2::text[] IS NULL OR 'available' = ANY ($2))
   ORDER BY queue, priority, scheduled_at, id LIMIT $6::bigint)
  UNION ALL
  (SELECT queue, state FROM selected
   WHERE state = 'executing' AND ($2::text[] IS NULL OR 'executing' = ANY ($2))
   ORDER BY attempted_at, id LIMIT $6::bigint)
  UNION ALL
  (SELECT queue, state FROM selected
   WHERE state = 'retryable' AND ($2::text[] IS NULL OR 'retryable' = ANY ($2))
   ORDER BY scheduled_at, id LIMIT $6::bigint)
  UNION ALL
  (SELECT queue, state FROM selected
   WHERE state = 'completed' AND ($2::text[] IS NULL OR 'completed' = ANY ($2))
   ORDER BY completed_at LIMIT $6::bigint)
  UNION ALL
  (SELECT queue, state FROM selected
   WHERE state = 'discarded' AND ($2::text[] IS NULL OR 'discarded' = ANY ($2))
   ORDER BY discarded_at LIMIT $6::bigint)
  UNION ALL
  (SELECT queue, state FROM selected
   WHERE state = 'cancelled' AND ($2::text[] IS NULL OR 'cancelled' = ANY ($2))
   ORDER BY cancelled_at LIMIT $6::bigint)
)
SELECT queue, state::text, count(*) AS count
FROM counted
GROUP BY queue, state
