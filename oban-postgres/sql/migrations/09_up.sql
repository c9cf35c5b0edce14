-- Meta, and cancelled jobs. A value added to a type cannot be used in the same transaction.
ALTER TABLE {prefix}.oban_jobs
  ADD COLUMN IF NOT EXISTS meta jsonb DEFAULT '{}',
  ADD COLUMN IF NOT EXISTS cancelled_at timestamp;
ALTER TYPE {prefix}.oban_job_state ADD VALUE IF NOT EXISTS 'cancelled';
