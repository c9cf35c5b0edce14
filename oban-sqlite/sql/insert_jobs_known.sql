-- The first two jobs with this key. Most keys have none and nearly all others one, which are spared the tables in memory
-- that looking for the oldest in some states makes.
-- Index: oban_jobs_unique_key_index
SELECT id
FROM oban_jobs
WHERE unique_key = :key
LIMIT 2
