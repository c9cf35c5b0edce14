-- Lets inserts of the same unique jobs wait for each other, until the transaction ends in whatever way: by a lock for
-- each key ($1), and one of the schema that a call with many keys ($2) has alone and all others share.
-- Index: none.
-- Everyone takes the locks in the order of their numbers, so that nobody waits in a circle. They are taken by a
-- statement of their own: the next one sees what those waited for have committed. Above READ COMMITTED it would not,
-- so no lock is taken there, and the caller is told the level.
-- The settings are local: where nobody began a transaction they end with this statement, as the locks do.
WITH setting AS MATERIALIZED (
  SELECT set_config('oban.holds_unique_locks', 'yes', true) AS holds,
         CASE WHEN $3::text IS NOT NULL THEN set_config('lock_timeout', $3, true) END AS patience,
         current_setting('transaction_isolation') AS isolation
), lock AS (
  SELECT hashtextextended('oban.unique.{prefix}', 0) AS number, NOT $2::boolean AS is_shared
  UNION ALL
  SELECT DISTINCT hashtextextended('oban.unique.{prefix}.' || key, 0), false
  FROM unnest($1::text[]) AS given(key)
  ORDER BY number
)
SELECT setting.isolation,
       CASE
         WHEN setting.isolation NOT IN ('read committed', 'read uncommitted') THEN NULL
         WHEN lock.is_shared THEN pg_advisory_xact_lock_shared(lock.number)
         ELSE pg_advisory_xact_lock(lock.number)
       END
FROM setting, lock
