-- The indexes of the table of jobs, and whether each can be used. One that is invalid is a leftover of a
-- concurrent build that was interrupted.
-- Index: those of the catalog.
SELECT class.relname::text AS name, pg_index.indisvalid AS is_valid
FROM pg_catalog.pg_index
JOIN pg_catalog.pg_class AS class ON class.oid = pg_index.indexrelid
JOIN pg_catalog.pg_class AS jobs ON jobs.oid = pg_index.indrelid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = jobs.relnamespace
WHERE namespace.nspname = $1::text AND jobs.relname = 'oban_jobs'
