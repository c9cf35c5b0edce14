-- The table of jobs and the type of its state.
-- Every step can be run again: a restored dump may have lost the version in the table's comment.
DO $$
BEGIN
  IF to_regtype('{prefix}.oban_job_state') IS NULL THEN
    CREATE TYPE {prefix}.oban_job_state AS ENUM
      ('available', 'scheduled', 'executing', 'retryable', 'completed', 'discarded');
  END IF;
END $$;

CREATE TABLE IF NOT EXISTS {prefix}.oban_jobs (
  id bigserial PRIMARY KEY,
  state {prefix}.oban_job_state NOT NULL DEFAULT 'available',
  queue text NOT NULL DEFAULT 'default',
  worker text NOT NULL,
  args jsonb NOT NULL,
  errors jsonb[] NOT NULL DEFAULT ARRAY[]::jsonb[],
  attempt integer NOT NULL DEFAULT 0,
  max_attempts integer NOT NULL DEFAULT 20,
  inserted_at timestamp NOT NULL DEFAULT timezone('UTC', now()),
  scheduled_at timestamp NOT NULL DEFAULT timezone('UTC', now()),
  attempted_at timestamp,
  completed_at timestamp
);
