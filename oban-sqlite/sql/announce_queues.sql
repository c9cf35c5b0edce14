-- The queues that hold available jobs.
-- Index: oban_jobs_available_index
--
-- Goes from each queue to the next in the index, however many jobs wait in it.
WITH RECURSIVE queues (queue) AS (
  SELECT min(queue) FROM oban_jobs WHERE state = 'available'
  UNION ALL
  SELECT (SELECT min(job.queue) FROM oban_jobs AS job WHERE job.state = 'available' AND job.queue > queues.queue)
  FROM queues
  WHERE queues.queue IS NOT NULL
)
SELECT queue FROM queues WHERE queue IS NOT NULL ORDER BY queue
