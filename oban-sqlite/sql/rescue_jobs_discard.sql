-- Discards one job whose attempts are used up.
-- Index: INTEGER PRIMARY KEY
UPDATE oban_jobs
SET state = 'discarded',
    discarded_at = :now,
    errors = json_insert(
      iif(json_valid(errors), errors, '[]'),
      '$[#]',
      json_object('at', :now, 'attempt', attempt, 'error', :error)
    )
WHERE id = :id
