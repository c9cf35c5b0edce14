-- Cancels one job.
-- Index: INTEGER PRIMARY KEY
UPDATE oban_jobs SET state = 'cancelled', cancelled_at = :now WHERE id = :id
