-- The database's time, and what the log knows of entries of a crontab, one row for each, in the order given. Missed
-- minutes do not count as runs: they may still be inserted.
-- Index: oban_cron_runs_pkey, once for the latest run and once for any with the entry's schedule.
WITH clock AS (
  SELECT coalesce($1::timestamp, timezone('UTC', now())) AS time
)
SELECT
  (SELECT time FROM clock) AS now,
  EXISTS (
    SELECT 1
    FROM {prefix}.oban_cron_runs AS run
    WHERE run.instance = $2::text AND run.name = entry.name AND run.schedule = entry.schedule
  ) AS is_known,
  (
    SELECT run.minute
    FROM {prefix}.oban_cron_runs AS run
    WHERE run.instance = $2::text AND run.name = entry.name AND run.outcome <> 'missed'
      AND run.minute <= (SELECT time FROM clock)
    ORDER BY run.minute DESC
    LIMIT 1
  ) AS last
FROM unnest($3::text[], $4::text[]) WITH ORDINALITY AS entry(name, schedule, position)
ORDER BY position
