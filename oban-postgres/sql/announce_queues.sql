-- Announces every queue that holds available jobs.
-- Index: oban_jobs_available_index (lean), oban_jobs_state_queue_priority_scheduled_at_id_index (elixir)
-- Goes from each queue to the next in the index, however many jobs wait in it.
WITH RECURSIVE queues AS (
  (SELECT queue FROM {prefix}.oban_jobs WHERE state = 'available' ORDER BY queue LIMIT 1)
  UNION ALL
  SELECT (
      SELECT job.queue
      FROM {prefix}.oban_jobs AS job
      WHERE job.state = 'available' AND job.queue > queues.queue
      ORDER BY job.queue
      LIMIT 1
    )
  FROM queues
  WHERE queues.queue IS NOT NULL
)
SELECT queue, pg_notify($1::text, '{"queue":' || to_json(queue)::text || '}')
FROM queues
WHERE queue IS NOT NULL
