-- Cancelled jobs count as discarded. Values cannot be taken out of a type.
UPDATE {prefix}.oban_jobs SET state = 'discarded', discarded_at = cancelled_at WHERE state = 'cancelled';
ALTER TABLE {prefix}.oban_jobs
  DROP COLUMN IF EXISTS meta,
  DROP COLUMN IF EXISTS cancelled_at;
