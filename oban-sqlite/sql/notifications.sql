-- The hints after the last one that was read.
-- Index: INTEGER PRIMARY KEY
SELECT id, channel, payload FROM oban_notifications WHERE id > :last ORDER BY id
