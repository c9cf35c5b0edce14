-- Writes minutes of entries into the log, and answers with those that were not in it. A minute that was noted as missed
-- may still be inserted. What another transaction is writing is waited for; every node goes by the same order, so that
-- none waits for another in a circle.
-- Index: oban_cron_runs_pkey.
INSERT INTO {prefix}.oban_cron_runs AS known (instance, name, minute, schedule, outcome)
SELECT $2::text, run.name, run.minute, run.schedule, run.outcome
FROM unnest($3::text[], $4::timestamp[], $5::text[], $6::text[]) AS run(name, minute, schedule, outcome)
WHERE run.minute <= coalesce($1::timestamp, timezone('UTC', now()))
ORDER BY run.name, run.minute
ON CONFLICT (instance, name, minute) DO UPDATE
SET schedule = excluded.schedule, outcome = excluded.outcome
WHERE known.outcome = 'missed' AND excluded.outcome = 'inserted'
RETURNING name, minute
