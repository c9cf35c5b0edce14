-- Hands back the executing jobs of producer $1 that it does not run, and tells which of those it runs, $2, do not
-- execute in its name any more: rows without a state.
-- Index: oban_jobs_pkey; oban_jobs_executing_index (lean),
-- oban_jobs_state_queue_priority_scheduled_at_id_index or another that begins with the state (elixir).
-- Reads every executing row, of which there are few: the slots in the cluster, and what is read ahead.
-- `LIMIT 1` keeps each look at a run's row a look by its id.
WITH lost AS (
  SELECT id
  FROM {prefix}.oban_jobs
  WHERE state = 'executing' AND attempted_by[2] = $1::text AND id <> ALL ($2::bigint[])
  ORDER BY id
  FOR UPDATE SKIP LOCKED
), reclaimed AS (
  UPDATE {prefix}.oban_jobs
  SET state = 'available', attempt = greatest(attempt - 1, 0)
  WHERE id = ANY (ARRAY(SELECT id FROM lost))
  RETURNING id, queue
)
SELECT id, queue, 'executing' AS before, 'available' AS after
FROM reclaimed
UNION ALL
SELECT known.id, NULL, NULL, NULL
FROM unnest($2::bigint[]) AS known(id)
WHERE (
    SELECT job.state::text = 'executing' AND job.attempted_by[2] = $1::text
    FROM {prefix}.oban_jobs AS job
    WHERE job.id = known.id
    LIMIT 1
  ) IS NOT TRUE
