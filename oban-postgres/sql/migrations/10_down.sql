-- Undoes defaults and checks.
ALTER TABLE {prefix}.oban_jobs
  ALTER COLUMN args DROP DEFAULT,
  ALTER COLUMN priority DROP NOT NULL,
  DROP CONSTRAINT IF EXISTS attempt_range,
  DROP CONSTRAINT IF EXISTS positive_max_attempts;
