-- The version of the schema.
-- Index: none; the table has one row
SELECT version FROM oban_schema
