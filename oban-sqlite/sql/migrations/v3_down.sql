-- Undoes version 3. What was done in which minute is forgotten; jobs stay.
DROP TABLE IF EXISTS oban_cron_runs;
