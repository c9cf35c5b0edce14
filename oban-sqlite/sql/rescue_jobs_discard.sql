-- Discards one job whose attempts are used up.
-- Index: INTEGER PRIMARY KEY
UPDATE oban_jobs
SET state = 'discarded',
    discarded_at = :now,
    errors = json_insert(errors, '$[#]', json_object('at', :now, 'attempt', attempt, 'error', :error))
WHERE id = :id
