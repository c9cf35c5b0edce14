-- Whether no job waits or runs.
-- Index: the partial ones of these states.
SELECT NOT EXISTS (SELECT 1 FROM oban_jobs WHERE state = 'available')
   AND NOT EXISTS (SELECT 1 FROM oban_jobs WHERE state = 'executing')
