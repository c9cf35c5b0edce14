-- Changes the settings in a producer's registration.
-- Index: oban_producers_pkey.
UPDATE {prefix}.oban_producers
SET meta = meta || $2::jsonb
WHERE uuid = $1::uuid
