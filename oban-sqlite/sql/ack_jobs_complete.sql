-- Finishes one execution that completed and recorded nothing: what most acks are.
-- Index: INTEGER PRIMARY KEY
--
-- Apart from ack_jobs.sql, because every column that SET names costs its constraints.
UPDATE oban_jobs
SET state = 'completed',
    completed_at = :now
WHERE id = :id AND state = 'executing' AND attempt = :attempt AND attempted_at IS :attempted_at
