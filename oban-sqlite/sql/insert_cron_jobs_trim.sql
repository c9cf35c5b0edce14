-- Removes all but the latest minutes of an entry from the log.
-- Index: PRIMARY KEY
DELETE FROM oban_cron_runs
WHERE instance = :instance AND name = :name AND minute <= (
  SELECT minute
  FROM oban_cron_runs
  WHERE instance = :instance AND name = :name
  ORDER BY minute DESC
  LIMIT 1 OFFSET :keep
)
