-- Counts the selected jobs in each queue and state, however many.
-- Index: oban_jobs_pkey when ids are given; else, for states that few jobs are in, theirs together, namely
-- oban_jobs_available_index, oban_jobs_staging_index, oban_jobs_retryable_index, oban_jobs_executing_index,
-- oban_jobs_completed_index, oban_jobs_discarded_index and oban_jobs_cancelled_index (lean) or any of Oban's own that
-- begin with the state (elixir). Where most jobs are counted it reads the table.
-- Sent unnamed, so that it is planned for the values: conditions that were not given vanish, and so do states that
-- were not asked for. The states are literals, because a partial index is used for nothing else.
SELECT queue, state::text, count(*) AS count
FROM {prefix}.oban_jobs
WHERE true
  AND ($1::bigint[] IS NULL OR id = ANY ($1))
  AND ($2::text[] IS NULL
    OR (state = 'suspended' AND 'suspended' = ANY ($2))
    OR (state = 'scheduled' AND 'scheduled' = ANY ($2))
    OR (state = 'available' AND 'available' = ANY ($2))
    OR (state = 'executing' AND 'executing' = ANY ($2))
    OR (state = 'retryable' AND 'retryable' = ANY ($2))
    OR (state = 'completed' AND 'completed' = ANY ($2))
    OR (state = 'discarded' AND 'discarded' = ANY ($2))
    OR (state = 'cancelled' AND 'cancelled' = ANY ($2)))
  AND ($3::text[] IS NULL OR queue = ANY ($3))
  AND ($4::text[] IS NULL OR worker = ANY ($4))
  AND ($5::text[] IS NULL OR tags @> $5)
  AND ($6::bigint IS NULL OR id > $6)
GROUP BY queue, state
