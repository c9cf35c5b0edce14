-- Removes a producer's registration.
-- Index: oban_producers_pkey.
DELETE FROM {prefix}.oban_producers WHERE uuid = $1::uuid
