-- Suspended jobs. A value added to a type cannot be used in the same transaction.
ALTER TYPE {prefix}.oban_job_state ADD VALUE IF NOT EXISTS 'suspended' BEFORE 'scheduled';
