-- Whether there is a schema of ours.
-- Index: none; SQLite's own catalogue is small
SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'oban_schema')
