-- Registers a producer; its heart beats for the first time.
-- Index: none is searched.
INSERT INTO {prefix}.oban_producers (uuid, name, node, queue, meta, started_at, updated_at)
VALUES ($2::uuid, $3::text, $4::text, $5::text, $6::jsonb,
        coalesce($1::timestamp, timezone('UTC', now())), coalesce($1::timestamp, timezone('UTC', now())))
RETURNING started_at
