-- The jobs of a filter that gives ids.
-- Index: INTEGER PRIMARY KEY
SELECT id, queue, state
FROM oban_jobs
WHERE id IN (SELECT value FROM json_each(:ids))
  AND state IN (SELECT value FROM json_each(:states))
  AND id > :above
  AND (:queues IS NULL OR queue IN (SELECT value FROM json_each(:queues)))
  AND (:workers IS NULL OR worker IN (SELECT value FROM json_each(:workers)))
  AND NOT EXISTS (
    SELECT 1
    FROM json_each(:tags) AS wanted
    WHERE wanted.value NOT IN (SELECT value FROM json_each(oban_jobs.tags))
  )
ORDER BY id
LIMIT :limit
