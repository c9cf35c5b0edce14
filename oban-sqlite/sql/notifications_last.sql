-- Where to start reading hints.
-- Index: none; SQLite looks for max() at the end of the table
SELECT coalesce(max(id), 0) FROM oban_notifications
