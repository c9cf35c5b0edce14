-- Notes the version of the schema.
-- Index: INTEGER PRIMARY KEY
INSERT INTO oban_schema (only_row, version) VALUES (1, :version)
ON CONFLICT (only_row) DO UPDATE SET version = excluded.version
