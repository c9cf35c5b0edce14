-- Writes one minute of an entry into the log. Changes one row if it was not in it, or none. A minute that was noted as
-- missed may still be inserted.
-- Index: PRIMARY KEY
INSERT INTO oban_cron_runs (instance, name, minute, schedule, outcome)
VALUES (:instance, :name, :minute, :schedule, :outcome)
ON CONFLICT (instance, name, minute) DO UPDATE
SET schedule = excluded.schedule, outcome = excluded.outcome
WHERE outcome = 'missed' AND excluded.outcome = 'inserted'
