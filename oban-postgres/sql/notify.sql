-- Publishes hints, one notification for each payload.
-- Index: none is searched.
SELECT pg_notify($1::text, payload) FROM unnest($2::text[]) AS payload
