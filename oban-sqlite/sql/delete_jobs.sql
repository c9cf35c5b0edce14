-- Deletes one job.
-- Index: INTEGER PRIMARY KEY
DELETE FROM oban_jobs WHERE id = :id
