-- Where to start reading hints.
-- Index: INTEGER PRIMARY KEY
SELECT coalesce(max(id), 0) FROM oban_notifications
