-- Which of these jobs do not execute in a producer's name any more.
-- Index: INTEGER PRIMARY KEY
--
-- The pluses keep SQLite from looking each of them up among all that execute.
SELECT value
FROM json_each(:running)
WHERE NOT EXISTS (
  SELECT 1
  FROM oban_jobs
  WHERE id = value AND +state = 'executing' AND attempted_by ->> 1 = :uuid
)
ORDER BY value
