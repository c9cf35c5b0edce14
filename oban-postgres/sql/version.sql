-- What a schema holds: the versions that comments on its tables tell, and whether it has the shape of Oban's.
-- Index: those of the catalog.
-- The catalog is named in the call because objects of several catalogs may share an oid.
SELECT
  max(obj_description(class.oid, 'pg_class')) FILTER (WHERE class.relname = 'oban_jobs') AS jobs_comment,
  max(obj_description(class.oid, 'pg_class')) FILTER (WHERE class.relname = 'oban_producers') AS ours_comment,
  count(*) FILTER (WHERE class.relname = 'oban_jobs') > 0 AS has_jobs,
  bool_or(class.relname = 'oban_jobs' AND EXISTS (
    SELECT 1
    FROM pg_catalog.pg_attribute AS attribute
    WHERE attribute.attrelid = class.oid AND attribute.attname = 'errors'
      AND attribute.atttypid = 'jsonb'::regtype
  )) AS is_python,
  EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1::text) AS has_schema
FROM pg_catalog.pg_class AS class
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
WHERE namespace.nspname = $1::text
  AND class.relname IN ('oban_jobs', 'oban_producers')
  AND class.relkind IN ('r', 'p')
