-- The oldest stored job that a new one with this key would be a duplicate of.
-- Index: oban_jobs_unique_key_index
--
-- A time is NULL where the age does not matter, or counts from the other one.
SELECT id
FROM oban_jobs
WHERE meta ->> 'unique_key' = :key
  AND state IN (SELECT value FROM json_each(:states))
  AND (:inserted_since IS NULL OR inserted_at >= :inserted_since)
  AND (:scheduled_since IS NULL OR scheduled_at >= :scheduled_since)
ORDER BY id
LIMIT 1
