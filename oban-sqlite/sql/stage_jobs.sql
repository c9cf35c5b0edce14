-- Makes one due job available.
-- Index: INTEGER PRIMARY KEY
UPDATE oban_jobs SET state = 'available' WHERE id = :id
