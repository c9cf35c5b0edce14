-- Hands back one job whose fetch got lost.
-- Index: INTEGER PRIMARY KEY
UPDATE oban_jobs SET state = 'available', attempt = attempt - 1 WHERE id = :id
