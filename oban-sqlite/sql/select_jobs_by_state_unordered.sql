-- Up to :limit jobs of a filter that gives no ids, in one state, to be counted: it is run for each state that counts.
-- Index: the partial one of the state
--
-- {state} is replaced by the predicate of that index, which a bound value would not imply. Nothing is
-- sorted, so that it ends at the limit however many jobs the state has.
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
LIMIT :limit
