-- What concurrent rebuilds of our indexes left behind when they were interrupted.
-- Index: those of the catalog.
-- An index that is being rebuilt looks the same. Whoever does that holds a lock on the table, for as long as it takes,
-- which nothing but VACUUM holds beside; where anybody holds it, there are no leftovers for now. A name that is found
-- here is never built again, because new ones get names that are free.
SELECT class.relname::text AS name
FROM pg_catalog.pg_index
JOIN pg_catalog.pg_class AS class ON class.oid = pg_index.indexrelid
JOIN pg_catalog.pg_class AS jobs ON jobs.oid = pg_index.indrelid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = jobs.relnamespace
WHERE namespace.nspname = $1::text
  AND jobs.relname = 'oban_jobs'
  AND NOT pg_index.indisvalid
  AND class.relname ~ '^oban_jobs_.*_cc(new|old)[0-9]*$'
  AND NOT EXISTS (
    SELECT
    FROM pg_catalog.pg_locks
    WHERE pg_locks.relation = jobs.oid
      AND pg_locks.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
      AND pg_locks.mode = 'ShareUpdateExclusiveLock'
      AND pg_locks.granted
      AND pg_locks.pid <> pg_backend_pid()
  )
ORDER BY name
