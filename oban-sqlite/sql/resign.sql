-- Gives the lease back if it is this candidate's.
-- Index: PRIMARY KEY
DELETE FROM oban_peers WHERE name = :name AND uuid = :uuid
