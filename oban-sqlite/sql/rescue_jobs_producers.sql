-- Removes the registrations of dead producers that have no executing jobs left.
-- Index: oban_jobs_executing_index
DELETE FROM oban_producers
WHERE updated_at <= :stale
  AND NOT EXISTS (
    SELECT 1 FROM oban_jobs WHERE state = 'executing' AND attempted_by ->> 1 = oban_producers.uuid
  )
