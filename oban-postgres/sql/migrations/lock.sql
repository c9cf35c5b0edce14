-- Tries to take the lock of those who migrate this schema or rebuild its indexes. It lasts as long as the session.
-- Index: none is searched.
SELECT pg_try_advisory_lock(hashtextextended('oban migrate ' || $1::text, 0)) AS locked
