-- The indexes of the table of jobs to rebuild: those of the names $2, or all of ours but the primary key, whose rows
-- leave in the order in which they came.
-- Index: those of the catalog.
-- One that is invalid is being built, or a leftover: see leftovers.sql.
SELECT class.relname::text AS name
FROM pg_catalog.pg_index
JOIN pg_catalog.pg_class AS class ON class.oid = pg_index.indexrelid
JOIN pg_catalog.pg_class AS jobs ON jobs.oid = pg_index.indrelid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = jobs.relnamespace
WHERE namespace.nspname = $1::text
  AND jobs.relname = 'oban_jobs'
  AND pg_index.indisvalid
  AND CASE
        WHEN $2::text[] IS NULL THEN class.relname LIKE 'oban\_jobs\_%' AND NOT pg_index.indisprimary
        ELSE class.relname = ANY ($2)
      END
ORDER BY name
