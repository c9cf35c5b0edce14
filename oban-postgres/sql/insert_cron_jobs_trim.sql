-- Removes all but the latest minutes of entries from the log.
-- Index: oban_cron_runs_pkey, which the limit walks back in.
DELETE FROM {prefix}.oban_cron_runs AS run
USING (
  SELECT entry.name, (
    SELECT kept.minute
    FROM {prefix}.oban_cron_runs AS kept
    WHERE kept.instance = $1::text AND kept.name = entry.name
    ORDER BY kept.minute DESC
    OFFSET $3::bigint
    LIMIT 1
  ) AS minute
  FROM unnest($2::text[]) AS entry(name)
) AS old
WHERE run.instance = $1::text AND run.name = old.name AND run.minute <= old.minute
