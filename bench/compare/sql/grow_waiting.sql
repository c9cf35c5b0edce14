-- Adds waiting jobs: one half due, in a queue that no node runs, the other in a month, in the measured queue.
-- Index: none is searched.
INSERT INTO oban_jobs (state, queue, worker, args, scheduled_at)
SELECT
  CASE WHEN number % 2 = 0 THEN 'available' ELSE 'scheduled' END::oban_job_state,
  CASE WHEN number % 2 = 0 THEN 'elsewhere' ELSE 'default' END,
  'Noop',
  jsonb_build_object('number', number),
  timezone('UTC', now()) + CASE WHEN number % 2 = 0 THEN interval '-1 hour' ELSE interval '1 month' END
FROM generate_series(1, $1::bigint) AS number
