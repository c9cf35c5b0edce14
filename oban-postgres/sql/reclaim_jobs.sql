-- Hands back the executing jobs of producer $1 that it does not run.
-- Index: oban_jobs_pkey; oban_jobs_executing_index (lean),
-- oban_jobs_state_queue_priority_scheduled_at_id_index or another that begins with the state (elixir).
-- Reads every executing row, of which there are no more than slots in the cluster.
WITH lost AS (
  SELECT id
  FROM {prefix}.oban_jobs
  WHERE state = 'executing' AND attempted_by[2] = $1::text AND id <> ALL ($2::bigint[])
  ORDER BY id
  FOR UPDATE SKIP LOCKED
)
UPDATE {prefix}.oban_jobs
SET state = 'available', attempt = greatest(attempt - 1, 0)
WHERE id = ANY (ARRAY(SELECT id FROM lost))
RETURNING id, queue, 'executing' AS before, 'available' AS after
