-- The jobs of a filter that gives no ids, in one state: it is run for each state that counts.
-- Index: the partial one of the state
--
-- {state} is replaced by the predicate of that index, which a bound value would not imply. The plus
-- keeps SQLite from walking the table in the order of its ids instead.
SELECT id, queue, state
FROM oban_jobs
WHERE {state}
  AND +id > :above
  AND (:queues IS NULL OR queue IN (SELECT value FROM json_each(:queues)))
  AND (:workers IS NULL OR worker IN (SELECT value FROM json_each(:workers)))
  AND NOT EXISTS (
    SELECT 1
    FROM json_each(:tags) AS wanted
    WHERE wanted.value NOT IN (SELECT value FROM json_each(oban_jobs.tags))
  )
ORDER BY +id
LIMIT :limit
