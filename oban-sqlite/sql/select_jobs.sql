-- The jobs of a filter that gives neither ids nor states, as a person asks for jobs of whatever age; and those of
-- any filter from an id on, as sorting those of a state once more for each page would take ever longer.
-- Index: none; walks the table in the order of its ids, from :above until :limit is reached
SELECT id, queue, state
FROM oban_jobs
WHERE state IN (SELECT value FROM json_each(:states))
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
