-- What the log knows of one entry: whether there is a run with its schedule, and its latest run up to now. Missed minutes
-- do not count as runs: they may still be inserted.
-- Index: PRIMARY KEY
SELECT
  EXISTS (SELECT 1 FROM oban_cron_runs WHERE instance = :instance AND name = :name AND schedule = :schedule),
  (
    SELECT minute
    FROM oban_cron_runs
    WHERE instance = :instance AND name = :name AND minute <= :now AND outcome <> 'missed'
    ORDER BY minute DESC
    LIMIT 1
  )
