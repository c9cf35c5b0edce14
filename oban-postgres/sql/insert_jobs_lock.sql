-- Lets inserts of the same unique jobs wait for each other, until the transaction ends in whatever way.
-- Index: none.
-- The locks are taken in the order given, which is the same for everyone, so that nobody waits in a circle. They are
-- taken by a statement of their own: the next one sees what those waited for have committed.
SELECT CASE WHEN is_shared THEN pg_advisory_xact_lock_shared(key) ELSE pg_advisory_xact_lock(key) END
FROM unnest($1::bigint[], $2::boolean[]) AS lock(key, is_shared)
