-- Whether a queue holds available jobs.
-- Index: oban_jobs_available_index
SELECT EXISTS (SELECT 1 FROM oban_jobs WHERE state = 'available' AND queue = :queue)
