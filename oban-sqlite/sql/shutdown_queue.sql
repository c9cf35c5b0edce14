-- Removes a producer's registration.
-- Index: PRIMARY KEY
DELETE FROM oban_producers WHERE uuid = :uuid
