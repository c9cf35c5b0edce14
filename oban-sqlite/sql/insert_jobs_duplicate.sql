-- The oldest stored job that a new one with this key would be a duplicate of.
-- Index: oban_jobs_unique_key_index
--
-- A time is empty, which is before any other, where the age does not matter, or counts from the other one.
SELECT id
FROM oban_jobs
WHERE unique_key = :key
  AND state IN (SELECT value FROM json_each(:states))
  AND inserted_at >= :inserted_since
  AND scheduled_at >= :scheduled_since
ORDER BY inserted_at, id
LIMIT 1
